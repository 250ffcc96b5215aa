#!/usr/bin/env bash
# The scenarios of catalogue/power on an agent of its own: a process in a mount namespace of its own
# which reads its battery twenty times a second and says what it does about it.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=tests/e2e/drill.bash
. "$here/drill.bash"
# shellcheck source=tests/e2e/catalogue.bash
. "$here/catalogue.bash"
drill_begin "$@"
[ -d /sys/class/power_supply ] || skip "this kernel has no /sys/class/power_supply"

agent() {  # agent FOLDER: runs until it is killed
  local status state capacity
  echo "$BASHPID" >"$1/pid"
  while true; do
    read -r status </sys/class/power_supply/BAT0/status || status=none
    read -r capacity </sys/class/power_supply/BAT0/capacity || capacity=100
    state=working
    [ "$status" != Discharging ] || state="on battery"
    [ "$capacity" -ge 15 ] || state="going home"
    echo "$state" >"$1/state.new"
    mv "$1/state.new" "$1/state"
    read -r -t 0.05 <>"$1/never" || true
  done 2>/dev/null
}

fresh_target() {
  [ -z "${agent_pid:-}" ] || kill -KILL "$agent_pid" || true
  mkdir -p "$work/agent"
  [ -p "$work/agent/never" ] || mkfifo "$work/agent/never"
  rm -f "$work/agent/pid" "$work/agent/state"
  export -f agent
  # No job of this shell, which waits for its jobs.
  (unshare --mount --propagation private bash -c 'agent "$0"' "$work/agent" &)
  within 5 test -s "$work/agent/state" || { echo "not ok - the agent works" && exit 1; }
  agent_pid=$(<"$work/agent/pid")
  map=$work/targets.yaml
  cat >"$map" <<MAP
targets:
  agent:
    pid_file: $work/agent/pid
    state: $work/agent/state
MAP
}

host_state() {  # what the agent and the host see of power, and what is mounted where
  ls -lR /sys/class/power_supply "/proc/$agent_pid/root/sys/class/power_supply"
  cut -d' ' -f4- "/proc/$agent_pid/mountinfo" | sort
  cut -d' ' -f4- /proc/self/mountinfo | sort
} 2>/dev/null

claims=(
  [agent-battery-low]=held
  [agent-mains-lost]=held
)
fresh_target
catalogue_folder power
kill -KILL "$agent_pid"  # it writes into the folder that is to be removed
drill_end
