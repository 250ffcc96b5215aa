#!/usr/bin/env bash
# Every scenario of catalogue/ on real services: it comes to the verdict claimed here, and the host
# is as before. Then the same scenarios with a guardian whose injectors do nothing: a tool that
# believes its own injectors would still say "held", so every single run must be INVALID.
set -euo pipefail
# shellcheck source=tests/e2e/drill.bash
. "$(dirname "$(readlink -f "$0")")/drill.bash"
drill_begin "$@"

# What each scenario must come to; a file without a claim fails, and so does a claim without a file.
declare -A claims=(
  [config-corruption]=held
  [config-replacement]=held
  [descriptors-exhausted]=held
  [fragile-kill]=refuted
  [host-cpu-burn]=held
  [random-killer]=held
  [redis-block-refusal]=held
  [redis-block-silence]=held
  [redis-kill-restart]=held
  [redis-pause-silence]=held
  [web-cpu-pressure]=held
  [web-pause-detection]=held
)
declare -A code_of=([held]=0 [refuted]=1)
mapfile -t files < <(find "$root/catalogue" -name '*.yaml' | sort)
mapfile -t names < <(basename -a -s .yaml "${files[@]}")
check "every scenario of the catalogue is claimed, and every claim has its scenario" \
  test "$(printf '%s\n' "${names[@]}")" = "$(printf '%s\n' "${!claims[@]}" | sort)"

is_named() { grep -qx "scenario: $1" "$root/catalogue/$1.yaml"; }
names_no_host() { not grep -qE '127\.0\.0\.|6379|8080|demo-target' "$root/catalogue/$1.yaml"; }
is_explained() { grep -qE '^# .{20}' "$root/catalogue/$1.yaml" && grep -qE '^hypothesis: .+\.$' "$root/catalogue/$1.yaml"; }
for name in "${names[@]}"; do
  check "$name: the file is called like the scenario" is_named "$name"
  check "$name: no host, port or unit is written into it" names_no_host "$name"
  check "$name: it has a hypothesis and comments to learn from" is_explained "$name"
done

# A burner cannot be seen where every core is busy already; then squall refuses, and nothing is shown.
too_busy() { [ "$1" = host-cpu-burn ] && says "the host is already busy"; }

run_one() {  # run_one NAME [ARGUMENT...]
  local name=$1
  shift
  drill run "$root/catalogue/$name.yaml" --targets "$map" --seed 42 --plain "$@"
}

# --- the verdicts ------------------------------------------------------------------------------------

target_up
# fragile-kill comes last: afterwards there is nothing left to kill.
mapfile -t order < <(printf '%s\n' "${names[@]}" | grep -vx fragile-kill && echo fragile-kill)
for name in "${order[@]}"; do
  claim=${claims[$name]:-held}
  remember_host
  began=$SECONDS
  ends "${code_of[$claim]}" run_one "$name" && got=0 || got=1
  if too_busy "$name"; then
    echo "ok - $name: is refused, because every core of this host is busy already"
    continue
  fi
  check "$name: is $claim" test "$got" = 0
  check "$name: takes less than 15 s" test $((SECONDS - began)) -lt 15
  [ "$name" = fragile-kill ] || check "$name: the host is as before" host_as_before
done
check "fragile-kill: says which claim failed and by when" says "nothing healed it within 2 s"

# --- injectors that do nothing -----------------------------------------------------------------------

target_up
remember_host
export SQUALL_GUARDIAN=$binaries/squall-guardian-noop
idle() {  # idle NAME: what it says, and its exit code
  local code=0
  # Each with a state folder of its own, so that they may run at once.
  run_one "$1" --time-scale 0.4 --state "$work/noop/$1" >"$work/noop-$1" 2>&1 </dev/null || code=$?
  echo "(exit code $code)" >>"$work/noop-$1"
}
mkdir "$work/noop"
idle host-cpu-burn  # alone: its witness wants a host that is quiet before
for name in "${order[@]}"; do
  [ "$name" != host-cpu-burn ] || continue
  [ "$(jobs -pr | wc -l)" -lt 3 ] || wait -n
  idle "$name" &
done
wait
for name in "${order[@]}"; do
  cp "$work/noop-$name" "$work/said"
  ! too_busy "$name" || continue
  check "$name: without a real injector it is INVALID" says "(exit code 4)"
  check "$name: and says that the fault did not bite" says "did not bite"
done
check "nothing was touched by injectors that do nothing" host_as_before
drill_end
