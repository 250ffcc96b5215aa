#!/usr/bin/env bash
# The head-room guard through whole runs: squall is asked for the last of the host, and for twice of
# what there is, and must refuse with a clear message before anything is touched. And a fault that
# was modest when it began is ended when somebody else takes what is left: on a small disk of our
# own, of which half is to be kept free.
set -euo pipefail
# shellcheck source=tests/e2e/drill.bash
. "$(dirname "$(readlink -f "$0")")/drill.bash"
drill_begin "$@"
scenarios="$root/tests/scenarios/headroom"
small=$work/small-mount
mkdir "$small"
mount -t tmpfs -o size=64m tmpfs "$small"
# A guardian with a policy of this test in place of the host's.
printf 'guard_disk %s\ndisk_reserve 50 %%\n' "$small" >"$work/policy"
printf '#!/bin/sh\nexec "%s/squall-guardian" "$@" --policy "%s/policy"\n' "$binaries" "$work" >"$work/strict"
chmod 755 "$work/strict"

run() { drill run "$scenarios/$1.yaml" "${@:2}"; }
strictly() { SQUALL_GUARDIAN=$work/strict SQUALL_STATE=$work/strict-state "$@"; }
free_kib() { df --output=avail -k "$1" | tail -n 1 | tr -d ' '; }
fences() { find /sys/fs/cgroup -maxdepth 5 -name 'squall-memory-*' -o -maxdepth 5 -name 'squall-processes-*' | wc -l; }
nothing_in_force() { not grep -q '"change":' <("$squall" status --json 2>/dev/null); }

# --- refused before anything is touched ------------------------------------------------------------

fences_before=$(fences)
twice=$((2 * $(df --output=size -B1 /var/tmp | tail -n 1 | tr -d ' ') / 4096 * 4096))
for name in memory-twice descriptors-twice processes-twice; do
  check "$name is refused" refuses 3 "head-room: this takes" run "$name" --plain
  check "$name: it says what is left and what is kept" says "are kept in reserve"
  check "$name: it says what to do" says "_reserve in the guardian's policy"
  check "$name: and nothing is in force" nothing_in_force
done
check "disk-twice is refused" refuses 3 "are free for ordinary users" \
  run disk-twice --plain --set disk.folder=/var/tmp --set "disk.size=$twice B"
check "disk-twice: it says what to do" says "ask for less"
check "disk-twice: and nothing is in force" nothing_in_force
check "no control group was made" test "$(fences)" = "$fences_before"
before=$(free_kib "$small")
is_as_free_as_before() { [ "$(free_kib "$small")" = "$before" ]; }
check "the last block of a guarded disk is refused" \
  refuses 3 "disk_reserve" strictly run disk-last --plain --set disk.folder="$small"
check "and not a block of it was taken" is_as_free_as_before

# --- ended in force --------------------------------------------------------------------------------

: >"$work/events"
strictly run disk-shared --set disk.folder="$small" --json >"$work/events" 2>"$work/said" </dev/null &
runner=$!
happened() { grep -q "\"event\":\"$1\"" "$work/events"; }
check "a modest fill is allowed" within 10 happened change_applied
check "and seen" within 10 happened witnessed
head -c 46M /dev/zero >"$small/somebody-else"
got=0
wait "$runner" || got=$?
check "when somebody else takes the rest, the run is aborted" test "$got" = 6
check "because the host ran short" grep -q '"reason":"head_room"' "$work/events"
check "it names the disk and the reserve" grep -q "disk space are left on the filesystem of $small" "$work/events"
check "the fill was undone, and proven so" grep -q '"ending":"restored"' "$work/events"
rm "$small/somebody-else"
check "nothing of it is left on the disk" within 5 is_as_free_as_before

drill_end
