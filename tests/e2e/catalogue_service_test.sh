#!/usr/bin/env bash
# The scenarios of catalogue/service: on the demo target, on a service of its own there which systemd
# restarts only so often, and on a worker under runit, s6 and supervisor.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=tests/e2e/drill.bash
. "$here/drill.bash"
# shellcheck source=tests/e2e/catalogue.bash
. "$here/catalogue.bash"
drill_begin "$@"
for command in runsv s6-supervise supervisord; do
  command -v "$command" >/dev/null || skip "needs $command; install it with ./dev setup"
done

# --- a service of systemd with a start limit, beside those of the demo target ------------------------

in_target() { nsenter -t "$(cat "$work/target/run/systemd.pid")" -m -p -n "$@"; }

add_limited() {
  local folder=$work/target
  sed 's/^port .*/port 6382/; s/fragile/limited/g' "$folder/etc/fragile.conf" >"$folder/etc/limited.conf"
  mkdir -p "$folder/redis/limited" && chown redis:redis "$folder/redis/limited"
  sed -i 's#^dir .*#dir /run/target/redis/limited#' "$folder/etc/limited.conf"
  cat >"$folder/units/limited.service" <<UNIT
[Unit]
Description=Redis under a supervisor that gives up after three starts
DefaultDependencies=no
StartLimitIntervalSec=1h
StartLimitBurst=3
[Service]
Type=notify
User=redis
Group=redis
ExecStart=/run/target/bin/with-host-pid /run/target/redis/limited/pid /usr/bin/redis-server /run/target/etc/limited.conf
ExecStopPost=/bin/rm -f /run/target/redis/limited/pid
Restart=on-failure
RestartSec=20ms
TimeoutStopSec=2s
StandardOutput=append:/run/target/log/limited.log
StandardError=inherit
UNIT
  in_target systemctl daemon-reload
  in_target systemctl start limited.service
  {
    echo "  limited:"
    sed -n '/^  fragile:/,/^  [a-z]*:$/{/^    \(address\|namespace\|control\):/p}' "$map"
    echo "    port: 6382"
    echo "    service: limited.service"
    echo "    pid_file: \"$folder/redis/limited/pid\""
  } >>"$map"
}

# --- a worker under each of the other managers -------------------------------------------------------

make_workers() {
  mkdir -p "$work/runit/worker" "$work/s6/worker" "$work/supervisor"
  local name
  for name in runit s6; do
    printf '#!/bin/sh\necho $$ >%s/pid\nexec /bin/sleep 1000\n' "$work/$name" >"$work/$name/worker/run"
    chmod +x "$work/$name/worker/run"
  done
  cat >"$work/supervisor/settings" <<SETTINGS
[unix_http_server]
file=$work/supervisor/sock
[supervisord]
nodaemon=true
logfile=/dev/null
logfile_maxbytes=0
pidfile=$work/supervisor/supervisord.pid
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[program:worker]
command=/bin/sh -c 'echo \$\$ >$work/supervisor/pid; exec /bin/sleep 1000'
startsecs=0
stdout_logfile=NONE
stderr_logfile=NONE
SETTINGS
  # No jobs of this shell, which waits for all of those; they end with the namespace of the test.
  (runsv "$work/runit/worker" >/dev/null 2>&1 &)
  (s6-supervise "$work/s6/worker" >/dev/null 2>&1 &)
  (supervisord -c "$work/supervisor/settings" >/dev/null 2>&1 &)
}
worker_runs() { grep -qs sleep "/proc/$(cat "$work/$1/pid" 2>/dev/null)/comm"; }
control_of() { if [ "$1" = supervisor ]; then echo "$work/supervisor/sock"; else echo "$work/$1"; fi; }
map_worker() {  # map_worker MANAGER FILE
  printf '  worker:\n    manager: %s\n    service: worker\n    control: "%s"\n    pid_file: "%s"\n' \
    "$1" "$(control_of "$1")" "$work/$1/pid" >>"$2"
}
freezes_under() {  # freezes_under MANAGER: the same scenario on its worker
  echo "targets:" >"$work/worker-$1.yaml"
  map_worker "$1" "$work/worker-$1.yaml"
  ends 0 drill run "$root/catalogue/service/worker-supervised-freeze.yaml" \
    --targets "$work/worker-$1.yaml" --plain
}

fresh_target() {
  target_up
  add_limited
  map_worker runit "$map"
}

make_workers
fresh_target
for manager in runit s6 supervisor; do
  check "the worker runs under $manager" within 10 worker_runs "$manager"
done
claims=(
  [redis-crash-restart]=held
  [redis-service-stop]=held
  [stack-rolling-restart]=held
  [start-limit-gives-up]=refuted
  [web-restart-blink]=held
  [web-service-freeze]=held
  [web-service-mask]=held
  [worker-supervised-freeze]=held
)
catalogue_folder service
for manager in s6 supervisor; do
  check "worker-supervised-freeze: is held under $manager as well" freezes_under "$manager"
done

# --- what cannot be done is said before anything is touched ------------------------------------------

cat >"$work/ghost.yaml" <<'YAML'
scenario: ghost
steady_state: [{name: up, command: {argv: ["true"]}}]
faults: [{service.stop: {unit: "${name}", control: "${control}"}, for: 1 s}]
YAML
stop_unit() {  # stop_unit CODE WORDS NAME CONTROL
  refuses "$1" "$2" drill run "$work/ghost.yaml" --plain --set "name=$3" --set "control=$4"
}
bus=$(sed -n 's/^ *control: //p' "$map" | head -n 1)
remember_host
check "a unit that is not there is named" stop_unit 6 "systemd knows no unit ghost.service" ghost "$bus"
check "a host without systemd is unsupported" stop_unit 3 "no systemd answers on /nowhere/bus" redis /nowhere/bus
check "a unit without a start limit is unsupported" refuses 3 "has no start limit" \
  drill run "$root/catalogue/service/start-limit-gives-up.yaml" --targets "$map" --plain \
  --set limited.service=redis.service --set limited.port=6379
check "the bus itself is protected" stop_unit 3 "is protected" dbus.service "$bus"
check "nothing was touched by what was refused" host_as_before
drill_end
