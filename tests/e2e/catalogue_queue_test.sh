#!/usr/bin/env bash
# The scenarios of catalogue/queue on the demo target's Redis, a NATS server beside it, and two
# workers under a supervisor that read a list each: one sets aside what it cannot read, one dies of it.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=tests/e2e/drill.bash
. "$here/drill.bash"
# shellcheck source=tests/e2e/catalogue.bash
. "$here/catalogue.bash"
drill_begin "$@"
for program in nats-server runsv; do
  command -v "$program" >/dev/null || skip "needs $program; install it with ./dev setup"
done

greeted() {  # the NATS server says who it is
  # shellcheck disable=SC2016  # expanded by the inner shell
  timeout 1 nsenter --net="$work/target/net/target" bash -c \
    'exec 3<>/dev/tcp/127.0.0.1/4222 && read -r -u 3 line && [[ $line == INFO* ]]' 2>/dev/null
}
# How long a sign of life lasts, and what it does with what is no order.
start_worker() {  # start_worker NAME MILLISECONDS COMMAND
  local folder=$work/workers/$1
  mkdir -p "$folder"
  cat >"$folder/run" <<RUN
#!/usr/bin/env bash
set -euo pipefail
redis() { redis-cli -p 6379 "\$@" >>"$work/workers.log"; }
while redis set squall:drill:$1:alive 1 px $2; do
  { read -r list && IFS= read -r -d '' message || true; } < <(redis-cli -p 6379 blpop squall:drill:$1:queue 0.2 2>/dev/null)
  [ -n "\$list" ] || continue
  if [[ \$message =~ ^\{\"id\":\ [0-9]+,\ \"amount\":\ [0-9]+\} ]]; then redis incr squall:drill:$1:done; else $3; fi
done
RUN
  chmod +x "$folder/run"
  nsenter --net="$work/target/net/target" runsv "$folder" >>"$work/workers.log" 2>&1 &
  within 10 works "$1" || { sed 's/^/# /' "$work/workers.log" && echo "not ok - the worker $1 comes up" && exit 1; }
}
works() {  # works NAME: it has done an order
  in_redis rpush "squall:drill:$1:queue" '{"id": 1, "amount": 2}' >"$work/said"
  within 1 has_done "$1"
}
has_done() { [ "$(in_redis get "squall:drill:$1:done")" -gt 0 ] 2>/dev/null; }

stop_workers() {
  local pid
  for pid in $(workers); do kill -KILL "$pid" 2>/dev/null || true; done
}
workers() {  # runsv before what it would start again
  local file words
  for file in /proc/[0-9]*/cmdline; do
    mapfile -d '' -t words <"$file" || continue
    case ${words[*]:-} in *"$work/workers"*) echo "${file//[^0-9]/}" ;; esac
  done 2>/dev/null | sort -n
}

fresh_target() {
  stop_workers
  rm -rf "$work/workers"
  target_up
  nsenter --net="$work/target/net/target" nats-server -a 127.0.0.1 -p 4222 >"$work/nats.log" 2>&1 &
  within 10 greeted || { sed 's/^/# /' "$work/nats.log" && echo "not ok - nats-server comes up" && exit 1; }
  start_worker sound 2000 'redis rpush squall:drill:sound:aside -'
  start_worker naive 600 'exit 1'
  cat >>"$map" <<YAML
  nats:
    address: 127.0.0.1
    port: 4222
    namespace: "$work/target/net/target"
  worker: {queue: "squall:drill:sound:queue", heartbeat: "squall:drill:sound:alive", set_aside: "squall:drill:sound:aside"}
  naive_worker: {queue: "squall:drill:naive:queue", heartbeat: "squall:drill:naive:alive"}
YAML
}
trap 'stop_workers; drill_finish' EXIT
in_redis() { nsenter --net="$work/target/net/target" redis-cli -p 6379 "$@"; }

fresh_target
claims=(
  [nats-queue-flood]=held
  [nats-queue-poison]=held
  [redis-queue-flood]=held
  [redis-queue-poison]=held
  [redis-worker-dies-of-poison]=refuted
  [redis-worker-poison]=held
  [web-queue-flood]=held
)
# Their witnesses count what all of them send.
alone=(nats-queue-flood nats-queue-poison redis-queue-flood redis-queue-poison redis-worker-dies-of-poison redis-worker-poison web-queue-flood)
catalogue_folder queue

# --- what stays and what does not ------------------------------------------------------------------

some_left() { [ "$(in_redis llen squall:drill:flood)" -gt 500 ]; }
check "the poison is gone from the list" test "$(in_redis llen squall:drill:poison)" = 0
check "injectors that do nothing hand nothing in" test "$(in_redis llen squall:drill:flood)" = 0
ends 0 run_one redis-queue-flood
check "redis-queue-flood: the report says how many were taken" says "accepted"
check "redis-queue-flood: what was handed in stays, as was accepted" some_left
in_redis del squall:drill:flood >"$work/said"
kill %% 2>/dev/null || true
drill_end
