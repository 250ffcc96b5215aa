#!/usr/bin/env bash
# The scenarios of catalogue/process on the demo target.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=tests/e2e/drill.bash
. "$here/drill.bash"
# shellcheck source=tests/e2e/catalogue.bash
. "$here/catalogue.bash"
drill_begin "$@"
target_up
claims=(
  [fragile-kill]=refuted
  [random-killer]=held
  [redis-kill-restart]=held
  [redis-pause-silence]=held
  [web-lowest-priority]=held
  [web-pause-detection]=held
  [web-reload-storm]=held
  [web-worker-kill]=held
)
spent=(fragile-kill)  # afterwards there is nothing left to kill
says_by_when() { remember_host && ends 1 run_one fragile-kill && says "nothing healed it within 2 s"; }
catalogue_folder process
fresh_target
check "fragile-kill: says which claim failed and by when" says_by_when
drill_end
