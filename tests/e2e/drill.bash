# shellcheck shell=bash disable=SC2034  # the variables are for the tests which source this
# What the end-to-end tests share: facts told as sentences, waiting for events, the demo target,
# squall with a state folder of its own, and a look at the host before and after. Sourced first by
# each test, which must be started as a program: "drill_begin" restarts it in namespaces of its own.
# There its mounts and processes end with it, and nobody else's stopped process is in its way.
# "ok - sentence", "not ok - sentence" and "skip - reason" are read by the runner of the tests.
PATH=$PATH:/usr/sbin:/sbin  # "su" leaves these out
root=$(readlink -f "$(dirname "${BASH_SOURCE[0]}")/../..")
binaries=$(readlink -f "${SQUALL_BINARY_DIR:-${SQUALL_BUILD:-$root/build/dev}}")
squall=$binaries/squall
target=$root/demo/target
failures=0

# --- facts -----------------------------------------------------------------------------------------

skip() { echo "skip - $1" && exit 77; }

check() {  # check SENTENCE COMMAND...: one line, by the command's exit status
  local sentence=$1
  shift
  if "$@"; then
    echo "ok - $sentence"
  else
    [ ! -s "$work/said" ] || sed 's/^/# /' "$work/said"  # what comes before belongs to the sentence
    echo "not ok - $sentence"
    failures=$((failures + 1))
  fi
}

quiet() { "$@" >/dev/null 2>&1; }
not() { ! "$@"; }

within() {  # within SECONDS COMMAND...: asks again every 10 ms until the command succeeds
  local until=$((${EPOCHREALTIME/./} + $1 * 1000000))
  shift
  until "$@"; do
    [ "${EPOCHREALTIME/./}" -lt "$until" ] || return 1
    read -r -t 0.01 <>"$never" || true
  done
}

says() { grep -qF -- "$1" "$work/said"; }  # says WORDS: the last command that "ends" ran

drill() { timeout --kill-after=5 60 "$squall" "$@"; }  # squall, which may not run for ever

ends() {  # ends CODE COMMAND...: runs it and keeps what it said for "says"
  local code=$1 got=0
  shift
  "$@" >"$work/said" 2>&1 </dev/null || got=$?
  [ "$got" = "$code" ] || { echo "(exit code $got)" >>"$work/said" && return 1; }
}

refuses() {  # refuses CODE WORDS COMMAND...: ends with that code and says those words
  local code=$1 words=$2
  shift 2
  ends "$code" "$@" && says "$words"
}

# --- begin and end ---------------------------------------------------------------------------------

drill_begin() {  # drill_begin "$@"
  [ "$(id -u)" = 0 ] || skip "needs root, because the demo target makes namespaces"
  local command
  for command in redis-server nginx systemctl dbus-daemon nsenter; do
    command -v "$command" >/dev/null || skip "needs $command; install it with ./dev setup"
  done
  for command in squall squall-guardian squall-guardian-noop; do
    [ -x "$binaries/$command" ] || { echo "not ok - $binaries/$command is built" && exit 1; }
  done
  [ "${1:-}" = inside ] ||
    exec unshare --fork --kill-child --pid --mount-proc --mount --propagation private "$0" inside
  work=$(mktemp -d)
  chmod 755 "$work"
  never=$work/never  # a pipe into which nobody writes: waiting on it takes exactly its time limit
  mkfifo "$never"
  export SQUALL_STATE=$work/state NO_COLOR=1
  unset SQUALL_GUARDIAN SSH_CONNECTION
  trap drill_finish EXIT
  trap 'exit 130' INT TERM HUP
}

drill_finish() {
  local job pid
  for job in $(jobs -p); do kill -KILL "$job" 2>/dev/null || true; done
  for pid in $(guardians); do kill -KILL "$pid" 2>/dev/null || true; done
  [ ! -d "$work/target" ] || "$target" down "$work/target" || true
  umount -l "$work"/*-mount 2>/dev/null || true
  rm -rf --one-file-system "$work"
}

drill_end() {  # every squall of this test must have left by itself
  check "no guardian, twin or holder is left" within 10 none_left
  [ "$failures" = 0 ]
}

guardians() {  # the pids of every guardian, twin and holder that works in a folder of this test
  local file words pid
  for file in /proc/[0-9]*/cmdline; do
    mapfile -d '' -t words <"$file" || continue
    [[ ${words[0]:-} == */squall-* && ${words[*]} == *"$work"* ]] || continue
    pid=${file#/proc/}
    echo "${pid%/cmdline}"
  done 2>/dev/null
}

none_left() { [ -z "$(guardians)" ]; }

# --- the target ------------------------------------------------------------------------------------

target_up() {
  "$target" up "$work/target" >"$work/said" 2>&1 ||
    { sed 's/^/# /' "$work/said" && echo "not ok - the demo target comes up" && exit 1; }
  map=$work/target/targets.yaml
}

target_pid() { cat "$work/target/$1/$1.pid" 2>/dev/null; }

state_of() { awk '/^State:/ { print $2 }' "/proc/$1/status" 2>/dev/null; }

is_stopped() { [ "$(state_of "$1")" = T ]; }
runs_on() { [ -n "$(state_of "$1")" ] && ! is_stopped "$1"; }

answers() {  # answers PORT: a Redis of the target says PONG
  # shellcheck disable=SC2016  # expanded by the inner shell
  timeout 1 nsenter --net="$work/target/net/target" bash -c \
    'exec 3<>"/dev/tcp/127.0.0.1/$0" && printf "PING\r\nQUIT\r\n" >&3 && grep -q PONG <&3' "$1" 2>/dev/null
}

# --- the host before and after ---------------------------------------------------------------------

host_state() {  # what squall may have touched, told by other means than squall's own
  local pid folder
  nft list ruleset 2>/dev/null
  nsenter --net="$work/target/net/target" nft list ruleset 2>/dev/null
  mount | grep -vF "$work/" | sort
  find "$work/target/web/www" -type f -exec sha256sum {} + -exec stat -c '%n %a %U %Y' {} +
  for folder in $(sed -n 's/^ *unit: //p' "$work/target/targets.yaml"); do
    find /sys/fs/cgroup -path "*/$folder*" -type d | sort
    find /sys/fs/cgroup -path "*/$folder*" \( -name 'cpu.max' -o -name 'cpu.cfs_quota_us' \
      -o -name cgroup.freeze \) -exec grep -H . {} + | sort
    find /sys/fs/cgroup -path "*/$folder*" -name cgroup.procs -exec cat {} + | sort -u | while read -r pid; do
      echo "${folder##*/} $(cat "/proc/$pid/comm") $(state_of "$pid" | sed s,[RSDI],_,)" \
        "$(grep -E '^Max (open files|processes|locked)' "/proc/$pid/limits" | tr -s ' ')"
    done | sort
  done
} 2>/dev/null

look_at_host() (  # processes and cgroups of others may go away meanwhile: that ends no test
  set +eo pipefail
  host_state
  true
)

remember_host() { look_at_host >"$work/host-before"; }

host_as_before() { look_at_host >"$work/host-after"; diff "$work/host-before" "$work/host-after" >"$work/said"; }
