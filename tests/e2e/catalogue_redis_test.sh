#!/usr/bin/env bash
# The scenarios of catalogue/database that are about Redis: on the demo target's Redis with a replica
# under a supervisor, on a pair of its own that a Sentinel watches, and on one whose halves have an
# address each. All of it lives in the target's network namespace and below this test's folder.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=tests/e2e/drill.bash
. "$here/drill.bash"
# shellcheck source=tests/e2e/catalogue.bash
. "$here/catalogue.bash"
drill_begin "$@"
command -v runsv >/dev/null || skip "needs runsv; install it with ./dev setup"

replica_port=6390 pair_port=6400 pair_replica_port=6401 sentinel_port=6402
split_port=6403 split_replica_port=6404
inside() { nsenter --net="$work/target/net/target" "$@"; }
ask() { inside redis-cli -p "$@"; }  # ask PORT WORD...
gives_up() { sed 's/^/# /' "$work/redis.log" && echo "not ok - $1" && exit 1; }

start_redis() {  # start_redis NAME PORT [SETTING...]: until the test ends or somebody kills it
  local name=$1 port=$2
  shift 2
  mkdir "$work/redis/$name"
  inside redis-server --port "$port" --bind 127.0.0.1 --dir "$work/redis/$name" --save '' \
    --repl-diskless-sync-delay 0 --pidfile "$work/redis/$name/redis.pid" "$@" >>"$work/redis.log" 2>&1 &
}
has_replica() { ask "$1" info replication 2>/dev/null | grep -q 'state=online'; }

start_supervised_replica() {  # of the demo target's Redis
  local folder=$work/redis/replica
  mkdir "$folder"
  cat >"$folder/run" <<RUN
#!/bin/sh
exec redis-server --port $replica_port --bind 127.0.0.1 --dir $folder --save '' --pidfile $folder/redis.pid \
  --replicaof 127.0.0.1 6379 >>$work/redis.log 2>&1
RUN
  chmod +x "$folder/run"
  ask 6379 config set repl-diskless-sync-delay 0 >>"$work/redis.log"
  inside runsv "$folder" >>"$work/redis.log" 2>&1 &
  within 10 has_replica 6379 || gives_up "the replica comes up"
}

start_pair() {  # a primary, its replica, and the Sentinel that promotes it
  start_redis primary "$pair_port"
  start_redis pair-replica "$pair_replica_port" --replicaof 127.0.0.1 "$pair_port"
  within 10 has_replica "$pair_port" || gives_up "the replica of the pair comes up"
  ask "$pair_port" set order:7 paid >>"$work/redis.log"
  within 5 is_copied || gives_up "the replica has what was written"
  cat >"$work/redis/sentinel.conf" <<CONF
port $sentinel_port
bind 127.0.0.1
dir $work/redis
sentinel monitor pair 127.0.0.1 $pair_port 1
sentinel down-after-milliseconds pair 300
sentinel failover-timeout pair 3000
CONF
  inside redis-server "$work/redis/sentinel.conf" --sentinel >>"$work/redis.log" 2>&1 &
  within 20 sentinel_knows || gives_up "the Sentinel knows the replica"
}
start_split_pair() {  # it gives up after two seconds of silence; a replica that connects has as long
  start_redis split "$split_port" --protected-mode no --repl-timeout 2 --repl-ping-replica-period 1
  start_redis split-replica "$split_replica_port" --bind 127.0.0.2 --bind-source-addr 127.0.0.2 \
    --repl-timeout 2 --replicaof 127.0.0.1 "$split_port"
  within 10 has_replica "$split_port" || gives_up "the replica with an address of its own comes up"
}
is_copied() { [ "$(ask "$pair_replica_port" get order:7)" = paid ]; }
sentinel_knows() { ask "$sentinel_port" sentinel replicas pair 2>&1 | grep -q "$pair_replica_port"; }

ours() {  # the pids of everything that this test started for them
  local file words
  for file in /proc/[0-9]*/cmdline; do
    mapfile -d '' -t words <"$file" || continue
    case ${words[*]:-} in
      runsv*"$work/redis"* | redis-server*:"$replica_port"* | redis-server*:640[0-4]*) echo "${file//[^0-9]/}" ;;
    esac
  done 2>/dev/null
}
none_of_ours() { [ -z "$(ours)" ]; }
stop_ours() {  # the supervisor before what it would start again
  local pid
  for pid in $(ours); do kill -KILL "$pid" 2>/dev/null || true; done
  for pid in $(ours); do kill -KILL "$pid" 2>/dev/null || true; done
  within 10 none_of_ours || echo "not ok - the servers of this test end"
  rm -rf "$work/redis"
}

fresh_target() {
  stop_ours
  mkdir "$work/redis"
  target_up
  start_supervised_replica
  start_pair
  start_split_pair
  cat >>"$map" <<YAML
  redis_replica:
    pid_file: "$work/redis/replica/redis.pid"
  pair:
    address: 127.0.0.1
    namespace: "$work/target/net/target"
    primary_port: $pair_port
    replica_port: $pair_replica_port
    primary_pid_file: "$work/redis/primary/redis.pid"
  split_pair:
    address: 127.0.0.1
    port: $split_port
    replica_address: 127.0.0.2
    replica_port: $split_replica_port
    namespace: "$work/target/net/target"
YAML
}
trap 'stop_ours >/dev/null; drill_finish' EXIT

fresh_target
claims=(
  [redis-memory-full]=held
  [redis-pause]=held
  [redis-primary-kill]=held
  [redis-replica-cut]=held
  [redis-replica-loss]=held
)
spent=(redis-primary-kill)  # nobody starts the old primary again
catalogue_folder database 'redis-*'

check "Redis has no limit of memory, as before" test "$(ask 6379 config get maxmemory | tail -n 1)" = 0
check "and its own policy" test "$(ask 6379 config get maxmemory-policy | tail -n 1)" = noeviction

# --- a login ---------------------------------------------------------------------------------------

secret=a-secret-of-$$-that-nobody-else-says
ask 6379 acl setuser drill on ">$secret" '~*' +@all >>"$work/redis.log"
# shellcheck disable=SC2016  # squall reads the variable, not this shell
sed 's|^  - redis.pause:|&\n      username: drill\n      password: "${env:DRILL_PASSWORD}"|' \
  "$root/catalogue/database/redis-pause.yaml" >"$work/login.yaml"
with_password() { DRILL_PASSWORD=$1 drill run "$work/login.yaml" --targets "$map" --seed 42 --plain; }
keeps_silent() { not grep -rqF -- "$1" "$work/state" "$work/said"; }
check "with a login that Redis takes, it is paused" ends 0 with_password "$secret"
check "the password is in no report, journal or ledger" keeps_silent "$secret"
check "with a wrong one nothing is done, and the message says why" refuses 6 WRONGPASS with_password "not-$secret"
check "the wrong one is told nowhere either" keeps_silent "not-$secret"
stop_ours
drill_end
