# shellcheck shell=bash disable=SC2034  # the variables are for the tests which source this
# How a folder of the catalogue is tested, after drill.bash: every scenario comes to the verdict that
# the test claims for it, and leaves the host as before. Then the same with a guardian whose
# injectors do nothing: a tool that believes its own injectors would still say "held", so every
# single run must be INVALID. A test reads:
#
#   drill_begin "$@"
#   target_up                                   # or a target of its own, which sets $map
#   declare -A claims=([redis-kill-restart]=held [fragile-kill]=refuted)
#   spent=(fragile-kill)                        # runs last: leaves the target changed for good
#   catalogue_folder process                    # or: catalogue_folder database 'redis-*'
#   drill_end
#
# It may define: fresh_target (default: target_up), called again before the runs that do nothing;
# host_state (in drill.bash), to look at more; cannot_tell NAME, true when the scenario that just
# said $work/said could not be judged on a host as it is now.
declare -A claims=()
declare -A code_of=([held]=0 [refuted]=1)
spent=()
alone=()  # run by themselves with injectors that do nothing, because they want a quiet host

fresh_target() { target_up; }
cannot_tell() { false; }

is_named() { grep -qx "scenario: $(basename "$1" .yaml)" "$1"; }
names_no_host() { not grep -qE '127\.0\.0\.|6379|8080|demo-target' "$1"; }
is_explained() { grep -qE '^# .{20}' "$1" && grep -qE '^hypothesis: .+\.$' "$1"; }
is_among() {
  local word=$1 other
  shift
  for other in "$@"; do [ "$word" != "$other" ] || return 0; done
  return 1
}

run_one() {  # run_one NAME [ARGUMENT...]
  local name=$1
  shift
  drill run "$folder/$name.yaml" --targets "$map" --seed 42 --plain "$@"
}

check_documents() {
  local name
  check "every scenario of the folder is claimed, and every claim has its scenario" \
    test "$(printf '%s\n' "${names[@]}")" = "$(printf '%s\n' "${!claims[@]}" | sort)"
  for name in "${names[@]}"; do
    check "$name: the file is called like the scenario" is_named "$folder/$name.yaml"
    check "$name: no host, port or unit is written into it" names_no_host "$folder/$name.yaml"
    check "$name: it has a hypothesis and comments to learn from" is_explained "$folder/$name.yaml"
  done
}

check_verdicts() {
  local name claim began got
  for name in "${order[@]}"; do
    claim=${claims[$name]:-held}
    remember_host
    began=$SECONDS
    ends "${code_of[$claim]}" run_one "$name" && got=0 || got=1
    if cannot_tell "$name"; then
      echo "ok - $name: is refused, because this host as it is now could not show it"
      continue
    fi
    check "$name: is $claim" test "$got" = 0
    check "$name: takes less than 15 s" test $((SECONDS - began)) -lt 15
    is_among "$name" "${spent[@]}" || check "$name: the host is as before" host_as_before
  done
}

idle() {  # idle NAME: runs it in a state folder of its own, and keeps what it says and its exit code
  local code=0
  run_one "$1" --time-scale 0.4 --state "$work/noop/$1" >"$work/noop-$1" 2>&1 </dev/null || code=$?
  echo "(exit code $code)" >>"$work/noop-$1"
}

check_injectors_that_do_nothing() {  # three at a time; servers of the test may run beside them
  local name idlers=()
  export SQUALL_GUARDIAN=$binaries/squall-guardian-noop
  mkdir "$work/noop"
  for name in "${alone[@]}"; do idle "$name"; done
  for name in "${order[@]}"; do
    ! is_among "$name" "${alone[@]}" || continue
    if [ "${#idlers[@]}" = 3 ]; then
      wait "${idlers[0]}"
      idlers=("${idlers[@]:1}")
    fi
    idle "$name" &
    idlers+=($!)
  done
  [ "${#idlers[@]}" = 0 ] || wait "${idlers[@]}"
  for name in "${order[@]}"; do
    cp "$work/noop-$name" "$work/said"
    ! cannot_tell "$name" || continue
    check "$name: without a real injector it is INVALID" says "(exit code 4)"
    check "$name: and says that the fault did not bite" says "did not bite"
  done
  unset SQUALL_GUARDIAN
}

catalogue_folder() {  # catalogue_folder NAME [PATTERN]: the claims, on the target that is up
  local name
  folder=$root/catalogue/$1
  mapfile -t names < <(find "$folder" -name "${2:-*}.yaml" -exec basename -s .yaml {} + | sort)
  order=()
  for name in "${names[@]}"; do is_among "$name" "${spent[@]}" || order+=("$name"); done
  order+=("${spent[@]}")
  check_documents
  check_verdicts
  fresh_target
  remember_host
  check_injectors_that_do_nothing
  check "nothing was touched by injectors that do nothing" host_as_before
}
