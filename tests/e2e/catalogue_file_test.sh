#!/usr/bin/env bash
# The scenarios of catalogue/file on the demo target, and on an application beside it: a folder with
# settings, a lock, a log and a program of its own, and a process that has them in use.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=tests/e2e/drill.bash
. "$here/drill.bash"
# shellcheck source=tests/e2e/catalogue.bash
. "$here/catalogue.bash"
drill_begin "$@"

app_up() {
  local app=$work/app www=$work/target/web/www
  mkdir -p "$app/bin"
  printf '{\n  "name": "web",\n  "limits": {"requests": 100, "seconds": 1}\n}\n' >"$www/settings.json"
  printf '#!/bin/sh\necho rendered\n' >"$app/bin/render-report"
  printf '#!/bin/sh\nPATH=%s:$PATH\nrender-report\n' "$app/bin" >"$app/job"
  chmod 755 "$app/bin/render-report" "$app/job"
  : >"$app/lock"
  echo "the application is up" >"$app/log"
  if [ ! -e "$app/pid" ]; then
    PATH=$app/bin:$PATH sleep 600 &
    echo $! >"$app/pid"
    disown  # the namespace ends it; nobody waits for it
  fi
  cat >>"$map" <<YAML
  app:
    settings: "$www/settings.json"
    job: "$app/job"
    lock: "$app/lock"
    log: "$app/log"
    pid_file: "$app/pid"
YAML
}
host_state_of_target=$(declare -f host_state)
eval "target_$host_state_of_target"
host_state() {  # and what the application has
  target_host_state
  find "$work/app" -exec stat -c '%n %a %U %i %s' {} + -type f -exec sha256sum {} +
}
fresh_target() { target_up && app_up; }

fresh_target
claims=(
  [config-corruption]=held
  [config-replacement]=held
  [disk-errors]=held
  [lock-held]=held
  [log-flood]=held
  [page-cut-short]=held
  [page-forbidden]=held
  [page-missing]=held
  [secret-in-log]=held
  [setting-slip]=held
  [slow-page]=held
  [tool-missing]=held
)
catalogue_folder file
drill_end
