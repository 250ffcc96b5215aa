#!/usr/bin/env bash
# Everything that may be wrong with what squall is given, or happen to it in the middle: documents,
# words, rights, disks, targets that die, other runs, an operator, and kill -9 of any of its
# processes. Each must end with a clear message and the right exit code, leave nothing half-applied,
# and the host as before.
set -euo pipefail
# shellcheck source=tests/e2e/drill.bash
. "$(dirname "$(readlink -f "$0")")/drill.bash"
drill_begin "$@"
scenarios=$root/tests/scenarios
target_up
redis=$(target_pid redis)
remember_host

pause() {  # pause [ARGUMENT...]: Redis stands still for 2 s
  drill run "$scenarios/fast/pause.yaml" --targets "$map" --plain "$@"
}

in_force() { "$squall" status --json 2>/dev/null | grep -q '"change":'; }
nothing_in_force() { not in_force; }
well() { runs_on "$redis" && nothing_in_force && host_as_before; }

run_id() { sed -n 's/.*"event":"run_started".*"run":"\([^"]*\)".*/\1/p; q' "$work/events"; }
begin_run() {  # begin_run [ARGUMENT...]: a run in the background, its events in $work/events
  : >"$work/events"
  # A program in the background ignores Ctrl-C unless it is told not to.
  env --default-signal=INT "$squall" run "$scenarios/fast/pause.yaml" --targets "$map" --json "$@" \
    >"$work/events" 2>"$work/said" </dev/null &
  runner=$!
}
happened() { grep -q "\"event\":\"$1\"" "$work/events"; }
run_ends() {  # run_ends CODE: the run in the background, within its 60 s
  local got=0
  within 60 not quiet kill -0 "$runner" || kill -KILL "$runner"
  wait "$runner" || got=$?
  [ "$got" = "$1" ] || { echo "(exit code $got)" >>"$work/said" && return 1; }
}
paused_by_run() { within 10 happened change_applied && within 5 is_stopped "$redis"; }

check "a sound drill holds" ends 0 pause --set lasts='700 ms'

# Files would be opened under the numbers of what is closed, and be written into.
closed_run() { "$squall" run "$scenarios/fast/pause.yaml" --targets "$map" --plain --set lasts='700 ms' <&- >&- 2>&-; }
check "it holds with input and output closed" ends 0 closed_run
check "and its record is whole" ends 0 drill show last
check "for the ledger too" ends 0 drill ledger verify
check "and the host is as before" well

# --- documents ---------------------------------------------------------------------------------------

for file in "$root/tests/scenarios/wrong/"*.yaml; do
  name=$(basename "$file")
  hint=$(sed -n 's/^# says: //p' "$file")
  check "$name is refused with exit code 2 and says: $hint" \
    refuses 2 "$hint" drill run "$file" --targets "$map" --state "$work/untouched"
  check "$name: the message begins with file, line and column" grep -qE "$name:[0-9]+:[0-9]+: " "$work/said"
  check "$name: check says the same" refuses 2 "$hint" drill check "$file" --targets "$map"
done
drill run "$scenarios/wrong/wrong-units.yaml" >"$work/said" 2>&1 || true
check "all five mistakes of a document are told at once" says "5 mistakes; nothing was touched"
: >"$work/empty.yaml"
head -c 100000 /dev/urandom >"$work/noise.yaml"
check "an empty document is refused" refuses 2 "the document is empty" drill run "$work/empty.yaml"
check "noise is refused" ends 2 drill run "$work/noise.yaml"
check "an endless file is refused" refuses 2 "larger than" drill run /dev/zero
check "a missing file is refused" refuses 2 "No such file" drill run "$work/absent.yaml"
check "a folder is refused" refuses 2 "Is a directory" drill run "$work"
check "a target map that is none is refused" refuses 2 "$work/empty.yaml" pause --targets "$work/empty.yaml"
check "a target map that is missing is refused" refuses 2 "No such file" pause --targets "$work/absent.yaml"
check "without a target map it says how to give one" \
  refuses 2 "use --targets FILE" drill run "$scenarios/fast/pause.yaml"

# --- words of the command line -----------------------------------------------------------------------

check "an unknown command is refused with a hint" refuses 2 "did you mean run?" drill rnu
check "an unknown option is refused" refuses 2 "no option --wrong" pause --wrong
check "a setting without a value is refused" refuses 2 "is not a setting" pause --set nonsense
check "a setting that nothing uses is refused with a hint" \
  refuses 2 'did you mean "redis.port"?' pause --set redis.prot=1
check "a seed that is no number is refused" refuses 2 "is not a whole number" pause --seed abc
check "a time scale out of bounds is refused" refuses 2 "allowed: 0.001 to 10" pause --time-scale 100
check "a lease without a unit is refused" refuses 2 "has no unit" pause --lease 2
check "a run that never was is refused" ends 2 drill show ghost
check "no document and no word made a state folder" test ! -e "$work/untouched"
check "nor touched anything" well

# --- targets -----------------------------------------------------------------------------------------

check "a unit that does not exist is found before anything is touched" \
  refuses 3 'no cgroup of the unit "ghost.service" exists' pause --set victim.unit=ghost.service
check "and it says so" says "nothing was touched"
cat >"$work/init.yaml" <<'TEXT'
scenario: init
baseline: 1 s
steady_state:
  - name: hosts
    file: {path: /etc/hosts}
faults:
  - process.pause: {select: {unit: "${redis.unit}"}}
    for: 2 s
  - process.pause: {select: {pid: 1}}
    at: 1 s
    for: 1 s
TEXT
check "explain tells what the guardian always refuses" \
  refuses 3 "process 1 is protected" drill explain "$work/init.yaml" --targets "$map"
check "so does a dry run" refuses 3 "process 1 is protected" \
  drill run "$work/init.yaml" --targets "$map" --dry-run
check "and a run does not even begin its other faults" refuses 3 "process 1 is protected" \
  drill run "$work/init.yaml" --targets "$map" --plain
check "nothing was applied" not says "applied"
check "a service that does not answer stops the run before the fault" \
  refuses 6 "the steady state did not hold before the fault" pause --set watched.port=6399
check "and nothing was injected" says "nothing was injected"

fragile=$(target_pid fragile)
fragile_unit=$(sed -n 's/^ *unit: //p' "$map" | grep fragile)
begin_run --set victim.unit="$fragile_unit"
check "a run on the fragile service begins" within 10 happened sample
kill -KILL "$fragile"
check "a target that dies before the fault strikes ends the run as aborted" run_ends 6
check "and the run says who is missing" grep -qE '"event":"(change_refused|run_ended)".*fragile' "$work/events"
check "and Redis was not touched" runs_on "$redis"
check "and nothing is in force" nothing_in_force

target_up  # brings the fragile service back
redis=$(target_pid redis)
fragile=$(target_pid fragile)
begin_run --set victim.unit="$fragile_unit"
check "a run pauses the fragile service" within 10 happened change_applied
kill -KILL "$fragile"
check "a target that dies while it is paused does not hang the run" within 20 happened run_ended
check "the run ends by itself" test "$(wait "$runner" && echo 0 || echo $?)" -lt 7
check "the change is told to be gone with its process" grep -q '"ending":"gone"' "$work/events"
check "and nothing is in force" nothing_in_force
target_up
redis=$(target_pid redis)
remember_host

# --- rights ------------------------------------------------------------------------------------------

mkdir -p "$work/programs"
cp "$binaries/squall" "$binaries/squall-guardian" "$work/programs/"  # where anybody may read them
cp -r "$scenarios" "$work/scenarios"
chmod -R go+rX "$work/programs" "$work/scenarios"
install -d -m 700 -o 65534 -g 65534 "$work/nobody"
redis_unit=$(sed -n 's/^ *unit: //p' "$map" | grep redis)
as_nobody() {
  SQUALL_STATE=$work/nobody timeout 60 setpriv --reuid 65534 --regid 65534 --clear-groups \
    "$work/programs/squall" "$@"
}
check "a user without rights over a victim is told so" refuses 3 "may not touch it" \
  as_nobody run "$work/scenarios/fast/stranger.yaml" --plain --set victim.unit="$redis_unit"
check "and what to do" says "run squall with sudo"
check "before anything was begun: no guardian was started" test ! -e "$work/nobody/journal"
check "and Redis never stopped" well
without_network_rights() {
  timeout 60 setpriv --bounding-set -net_admin --inh-caps -net_admin "$squall" "$@"
}
check "a need that is not met ends as unsupported and is named" refuses 3 "CAP_NET_ADMIN" \
  without_network_rights run "$root/catalogue/network/redis-block-refusal.yaml" --targets "$map" --plain
check "a guardian that is not there is named" refuses 6 "$work/absent" \
  env SQUALL_GUARDIAN="$work/absent" "$squall" run "$scenarios/fast/pause.yaml" --targets "$map" \
  --plain --state "$work/no-guardian"
install -d -m 777 "$work/open"
check "a state folder that others may write to is refused, with the remedy" \
  refuses 3 "chmod 0700 $work/open" pause --state "$work/open"
check "somebody else's state folder is refused" \
  refuses 3 "belongs to somebody else" pause --state "$work/nobody"
check "a state folder that is a file is refused" refuses 6 "is no folder" pause --state "$work/empty.yaml"
check "a report that cannot be written is found before anything is touched" \
  refuses 2 "nothing was touched" pause --report "$work/absent/report.html"
check "and its folder is named" says "$work/absent"
check "and the host is as before all that" well

# --- disks -------------------------------------------------------------------------------------------

small=$work/small-mount
fill() { head -c 100M /dev/zero >"$small/fill" 2>/dev/null || true; }
within 10 none_left  # so that no guardian of another state folder is taken for one of this
mkdir "$small"
mount -t tmpfs -o size=4m,mode=700 small "$small"
mkdir -m 700 "$small/state"
export SQUALL_STATE=$small/state
fill
check "a full disk stops the run before the fault" refuses 6 "No space left on device" pause
check "and Redis never stopped" well
check "once there is room, nothing needs mending" rm "$small/fill"
check "a drill holds on a disk that has room again" ends 0 pause --set lasts='700 ms'

begin_run --set lasts='5 s'
check "a run pauses Redis" paused_by_run
fill
check "a disk that fills up during the fault ends it within 3 s" within 3 runs_on "$redis"
check "and the run as aborted" run_ends 6
check "and says why" grep -q "No space left on device" "$work/events" "$work/said"
rm "$small/fill"
check "once there is room, the journal says that nothing is in force" within 10 nothing_in_force
check "and a drill holds again" ends 0 pause --set lasts='700 ms'

within 10 none_left
mount -o remount,ro "$small"
check "a read-only state folder is refused before anything is touched" \
  refuses 3 "Read-only file system" pause
check "and it says what to do" says "name another one with --state FOLDER"
check "and Redis never stopped" well
check "halt says that it could not refuse new runs" not ends 0 drill halt
umount -l "$small"
export SQUALL_STATE=$work/state

# --- two at once, halt and resume --------------------------------------------------------------------

begin_run --set lasts='4 s'
check "a run pauses Redis" paused_by_run
check "a second run that wants the same process is refused" refuses 6 "already" \
  drill run "$scenarios/fast/stranger.yaml" --plain --set victim.unit="$redis_unit"
check "the first goes on undisturbed" is_stopped "$redis"
check "and holds" run_ends 0
check "and the host is as before" well

begin_run --set lasts='20 s'
check "a run pauses Redis for long" paused_by_run
check "status says what is in force and how it is undone" refuses 0 "continue process $redis" drill status
check "halt undoes it" refuses 0 "undone:" drill halt a test wants it
check "Redis runs on when halt comes back" runs_on "$redis"
check "the run ends as aborted" run_ends 6
check "and says that it was halted" grep -q '"reason":"halted"' "$work/events"
check "a new run is refused while it lasts, with the reason" refuses 6 "a test wants it" pause
check "and says how to go on" says "squall resume"
check "resume allows runs again" refuses 0 "runs are allowed again" drill resume
check "and a drill holds" ends 0 pause --set lasts='700 ms'

begin_run --set lasts='20 s'
check "a run pauses Redis for long" paused_by_run
touch "$SQUALL_STATE/STOP"
check "the emergency file alone undoes it within 1 s" within 1 runs_on "$redis"
check "the run ends as aborted" run_ends 6
check "resume takes the emergency file away" ends 0 drill resume
check "the file is gone" test ! -e "$SQUALL_STATE/STOP"
check "and the host is as before" well

# --- an operator, and kill -9 ------------------------------------------------------------------------

begin_run --set lasts='20 s'
check "a run pauses Redis for long" paused_by_run
kill -INT "$runner"
kill -INT "$runner" 2>/dev/null || true  # the second must not cut the undo short
check "Ctrl-C, pressed twice, ends the run as aborted" run_ends 6
check "and says who stopped it" grep -q '"reason":"operator"' "$work/events"
check "and the host is as before" well

begin_run --set lasts='20 s'
check "Ctrl-C in the baseline" within 10 happened sample
kill -INT "$runner"
check "ends the run as aborted" run_ends 6
check "before anything was applied" not happened change_applied

begin_run --set lasts='20 s' --lease '1 s'
check "a run pauses Redis for long" paused_by_run
kill -KILL "$runner"
check "kill -9 of the runner is undone within its lease and 1 s" within 2 runs_on "$redis"
wait "$runner" 2>/dev/null || true
check "the host is as before" within 2 well
check "the timeline of the killed run is still told" refuses 0 'the runner died in the phase "fault"' drill show "$(run_id)"
check "as aborted" says "ABORTED"
check "and as undone, for the guardian knows" not says "not known to be undone"
for format in html markdown json junit; do
  check "and reported as $format" ends 0 drill report "$(run_id)" --format "$format" --out "$work/report"
  check "which tells how it ended" grep -q 'the runner died in the phase' "$work/report"
done

begin_run --set lasts='20 s' --lease '1 s'
check "a run pauses Redis for long" paused_by_run
kill -STOP "$runner"
check "a runner that hangs loses its lease, and Redis runs on" within 3 runs_on "$redis"
kill -CONT "$runner"
check "the runner, awake again, ends as aborted" run_ends 6
check "and says why" grep -q '"reason":"lost_lease"' "$work/events"

begin_run --set lasts='20 s'
check "a run pauses Redis for long" paused_by_run
# Stopped first: a guardian that sees its runner die has undone everything before the next signal comes.
# shellcheck disable=SC2046  # several pids
kill -STOP $(guardians)
# shellcheck disable=SC2046
kill -KILL "$runner" $(guardians)
wait "$runner" 2>/dev/null || true
check "kill -9 of everything at once leaves Redis paused" is_stopped "$redis"
check "status knows it from the journal" refuses 0 "continue process $redis" drill status
check "recover undoes it" refuses 0 "nothing is in force" drill recover
check "Redis runs on" runs_on "$redis"
check "and the host is as before" well

begin_run --set lasts='20 s'
check "a run pauses Redis for long" paused_by_run
# shellcheck disable=SC2046
kill -KILL "$runner" $(guardians)
wait "$runner" 2>/dev/null || true
check "the next run undoes what a dead one left, and holds" ends 0 pause --set lasts='700 ms'
check "and the host is as before" well
check "the ledger is sound after all that" ends 0 drill ledger verify
drill_end
