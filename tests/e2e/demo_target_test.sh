#!/usr/bin/env bash
# The demo target from end to end, as a black box: it comes up (twice), its supervisor heals what should be healed and
# nothing else, and nothing of it is left after "down", whatever was killed before.
# Prints "ok - sentence" or "not ok - sentence" for each fact; exits 0, 1 when a fact does not hold, 77 when skipped.
# It waits for events with a limit (see within); it never sleeps and hopes.
set -euo pipefail
root=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../..
target=$(readlink -f "$root/demo/target")

skip() { echo "skip - $1" && exit 77; }
[ "$(id -u)" = 0 ] || skip "needs root, because the target makes namespaces and control groups"
for command in redis-server nginx systemctl dbus-daemon nsenter; do
  PATH=$PATH:/usr/sbin command -v "$command" >/dev/null || skip "needs $command; install it with ./dev setup"
done

# Other work on this host may mount at the same time: a mount namespace of our own makes "as before" exact.
[ "${1:-}" = inside ] || exec unshare --mount --propagation private "${BASH_SOURCE[0]}" inside

failures=0
check() {  # check SENTENCE COMMAND...: one line, by the command's exit status
  local sentence=$1
  shift
  if "$@"; then
    echo "ok - $sentence"
  else
    echo "not ok - $sentence"
    failures=$((failures + 1))
  fi
}

quiet() { "$@" >/dev/null; }

within() {  # within SECONDS COMMAND...: asks again every 10 ms until the command succeeds
  local until=$((${EPOCHREALTIME/./} + $1 * 1000000))
  shift
  until "$@"; do
    [ "${EPOCHREALTIME/./}" -lt "$until" ] || return 1
    read -r -t 0.01 <>"$never" || true
  done
}

work=$(mktemp -d)
never=$work/never  # a pipe into which nobody writes: waiting on it takes exactly its time limit
mkfifo "$never"
dir="$work/a target"  # a space in the path is part of the test
finish() {
  "$target" down "$dir" || true
  rm -rf "$work"
}
trap finish EXIT

# --- what is there -----------------------------------------------------------------------------------------------------

show() {  # show UNIT PROPERTY, as the private systemd answers
  timeout 5 nsenter -t "$(cat "$dir/run/systemd.pid")" -m -p systemctl show "$1" -p "$2" --value
}

shows() { [ "$(show "$1" "$2")" = "$3" ]; }

groups_named() { find /sys/fs/cgroup -type d -path "*/$group/*" -name "$1" 2>/dev/null; }

alive() {  # alive PID: a zombie is dead, whoever has yet to reap it
  [ -r "/proc/$1/status" ] && ! grep -q '^State:.*[ZX]' "/proc/$1/status" 2>/dev/null
}

started_anew() {  # started_anew UNIT OLDPID
  local file="$dir/${1%.service}/${1%.service}.pid"
  [ -s "$file" ] && [ "$(cat "$file" 2>/dev/null)" != "$2" ] && shows "$1" ActiveState active
}

members() { find /sys/fs/cgroup -path "*/$group/*" -name cgroup.procs -exec cat {} + 2>/dev/null | sort -nu; }

process_names() {  # name and start time of each given pid, so that a reused number is not taken for the same process
  local pid
  for pid in "$@"; do
    alive "$pid" && awk -v pid="$pid" '{ print pid, $22 }' <<<"$(sed 's/(.*)/-/' "/proc/$pid/stat" 2>/dev/null)"
  done
  return 0
}

remember() {  # what the living target consists of, to look for it afterwards
  mapfile -t pids < <(members)
  processes=$(process_names "${pids[@]}")
  network=none
  local pid
  for pid in "${pids[@]}"; do
    # While this descriptor is open, no new namespace can get the same number.
    exec 5<"/proc/$pid/ns/net" || continue
    network=$(readlink "/proc/self/fd/5")
    [ "$network" = "$(readlink /proc/self/ns/net)" ] || break
    network=none
  done 2>/dev/null
}

redis_pid() { cat "$dir/redis/redis.pid"; }

mounts() { awk '{ print $5, $4 }' /proc/self/mountinfo | sort; }

host_network() { awk -F: 'NR > 2 { print $1 }' /proc/self/net/dev && cat /proc/self/net/route; }

network_users() {  # processes and mounts which still hold the target's network namespace
  find /proc/[0-9]*/ns/net -lname "$network" 2>/dev/null || true
  grep -F "$network" /proc/self/mountinfo || true
}

nothing_left() {  # nothing_left WHEN: takes the target down and looks for what remember saw
  check "$1: down succeeds" quiet "$target" down "$dir"
  check "$1: no process is left" test -z "$(process_names "${pids[@]}")"
  check "$1: no mount is left" test "$(mounts)" = "$mounts_before"
  check "$1: no network namespace is left" test -z "$(network_users)"
  check "$1: no control group is left" test -z "$(find /sys/fs/cgroup -name "$group" 2>/dev/null)"
  check "$1: no file is left" test ! -e "$dir"
}

mounts_before=$(mounts)
network_before=$(host_network)
group=demo-target-$(printf %s "$dir" | sha256sum | cut -c1-12)

# --- up ----------------------------------------------------------------------------------------------------------------

began=${EPOCHREALTIME/./}
lines=$("$target" up "$dir")
took_ms=$(((${EPOCHREALTIME/./} - began) / 1000))
remember
active=$(grep -cE '^(redis|web|fragile)\.service +active \(running\) pid [0-9]+ restarts 0$' <<<"$lines" || true)
check "up prints one line for each of three units, all active" test "$active/$(wc -l <<<"$lines")" = 3/3
check "up takes less than 3 s (took $took_ms ms)" test "$took_ms" -lt 3000
check "status agrees" quiet "$target" status "$dir"
check "the host's interfaces and routes are as before" test "$(host_network)" = "$network_before"
check "the target is in another network namespace" test "$network" != "$(readlink /proc/self/ns/net)"

ask() {  # ask PORT REQUEST: the answer's text, from inside the named namespace
  # shellcheck disable=SC2016  # expanded by the inner shell
  timeout 5 nsenter --net="$dir/net/target" \
    bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0" && printf "$1" >&3 && cat <&3' "$1" "$2"
}
healthy() {
  local answer
  answer=$(ask 8080 'GET /health HTTP/1.0\r\n\r\n' | tr -d '\r\n')
  grep -qx 'HTTP/1.1 200 OK.*Content-Type: application/json.*{"status":"ok"}' <<<"$answer"
}
check "web answers 200 with JSON on /health" healthy
check "redis answers" grep -q PONG <<<"$(ask 6379 'PING\r\nQUIT\r\n')"
check "fragile answers" grep -q PONG <<<"$(ask 6380 'PING\r\nQUIT\r\n')"
check "redis keeps an append-only file" test -n "$(find "$dir/redis/appendonlydir" -name '*.aof')"
check "the target map names the three targets" \
  test "$(grep -cE '^  (redis|web|fragile):$' "$dir/targets.yaml")" = 3
named=$(sed -n 's/^    namespace: "\(.*\)"$/\1/p' "$dir/targets.yaml" | sort -u)
check "the target map's namespace is the target's" test "net:[$(stat -Lc %i "$named")]" = "$network"

for unit in redis web fragile; do
  pid=$(cat "$dir/$unit/$unit.pid")
  check "the pid file of $unit holds the host's pid" test "$(readlink "/proc/$pid/ns/net")" = "$network"
  found=$(groups_named "$unit.service" | while read -r folder; do grep -lx "$pid" "$folder/cgroup.procs"; done)
  check "a control group named $unit.service holds that pid" test -n "$found"
done
if grep -q ' - cgroup cgroup .*\bcpu\b' /proc/self/mountinfo; then
  check "web has a group of its own in the cpu hierarchy" \
    test -n "$(groups_named web.service | grep -E '^/sys/fs/cgroup/cpu[^/]*/')"
fi

first=("${pids[@]}")
check "up works again on a running target" quiet "$target" up "$dir"
check "the second up swept the first" test -z "$(process_names "${first[@]}" | grep -Fx "$processes" || true)"

# --- healing -----------------------------------------------------------------------------------------------------------

redis=$(redis_pid)
kill -KILL "$redis"
check "redis is started again within 2 s of kill -9" within 2 started_anew redis.service "$redis"
check "systemd counts one restart" shows redis.service NRestarts 1
for _ in {1..12}; do
  pid=$(cat "$dir/redis/redis.pid")
  kill -KILL "$pid"
  within 2 started_anew redis.service "$pid" || break
done
check "no start limit ends the healing after a dozen more kills" shows redis.service NRestarts 13

pid=$(cat "$dir/web/web.pid")
kill -KILL "$pid"
check "web is started again within 2 s of kill -9" within 2 started_anew web.service "$pid"
check "web answers again" within 2 healthy 2>/dev/null

kill -KILL "$(cat "$dir/fragile/fragile.pid")"
check "fragile fails when killed" within 2 shows fragile.service ActiveState failed
# A whole life of the healed unit passes meanwhile: had systemd meant to restart fragile, it would have begun before.
pid=$(cat "$dir/redis/redis.pid")
kill -KILL "$pid"
within 2 started_anew redis.service "$pid" || true
check "fragile stays down" shows fragile.service ActiveState failed
check "fragile was never restarted" shows fragile.service NRestarts 0
check "fragile's pid file is gone, so that nobody kills a stranger by it" test ! -e "$dir/fragile/fragile.pid"
check "status says that a unit is down" test "$("$target" status "$dir" >/dev/null && echo up || echo down)" = down

# --- down --------------------------------------------------------------------------------------------------------------

remember
nothing_left "down"
check "down again is no mistake" "$target" down "$dir"

check "up works after down" quiet "$target" up "$dir"
remember
redis=$(redis_pid)
kill -KILL "$(cat "$dir/run/systemd.pid")"
check "kill -9 of systemd takes every service with it" within 5 test ! -e "/proc/$redis/exe"
nothing_left "down after kill -9 of systemd"

check "up works after down of a dead target" quiet "$target" up "$dir"
remember
launcher=$(find /sys/fs/cgroup -path "*/$group/launcher/cgroup.procs" -exec cat {} + | sort -u)
kill -KILL "$launcher"
check "up works again after kill -9 of the launcher" quiet "$target" up "$dir"
nothing_left "down after kill -9 of the launcher"

group_exists() { [ -n "$(find /sys/fs/cgroup -path "*/$group/*" -name "$1" 2>/dev/null)" ]; }
namespace_exists() { mountpoint -q "$dir/$1"; }
for moment in "group_exists launcher" "namespace_exists net/target" "group_exists init.scope" \
  "group_exists redis.service"; do
  "$target" up "$dir" >/dev/null &
  half=$!
  # shellcheck disable=SC2086  # a command and its argument
  check "up reaches a moment: $moment" within 5 $moment
  kill -KILL "$half"
  wait "$half" 2>/dev/null || true
  remember
  nothing_left "down after kill -9 of up ($moment)"
done

# --- refusals ----------------------------------------------------------------------------------------------------------

refused() {  # refused CODE WORDS COMMAND...: ends with that code and says those words
  local code=$1 words=$2 said status=0
  shift 2
  said=$("$@" 2>&1) || status=$?
  [ "$status" = "$code" ] && grep -qF -- "$words" <<<"$said"
}
mkdir "$work/mine" "$work/path"
: >"$work/mine/precious"
check "a folder with somebody's files is refused" refused 2 "not empty" "$target" up "$work/mine"
check "down of a folder that was never a target is no mistake" "$target" down "$work/mine"
check "down leaves somebody's files alone" test -e "$work/mine/precious"
check "a missing DIR is refused with the usage" refused 2 "usage" "$target" up
cp -r "$root/demo" "$work/demo"  # where a user without rights can read it
chmod 755 "$work"
check "without root it says so" \
  refused 3 "needs root" setpriv --reuid 65534 --clear-groups "$work/demo/target" up "$work/other"
for command in bash env id cat grep awk sha256sum cut realpath readlink dirname flock unshare nsenter true; do
  ln -s "$(command -v "$command")" "$work/path/"
done
check "a missing package is named, with the command that installs it" \
  refused 3 "missing packages: dbus redis-server; install them with: ./dev setup" \
  env PATH="$work/path" "$target" up "$work/other"

[ "$failures" = 0 ]
