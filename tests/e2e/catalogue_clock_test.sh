#!/usr/bin/env bash
# The scenarios of catalogue/clock on the demo target.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=tests/e2e/drill.bash
. "$here/drill.bash"
# shellcheck source=tests/e2e/catalogue.bash
. "$here/catalogue.bash"
drill_begin "$@"
[ "$(uname -m)" = x86_64 ] || skip "the clock of a running process can be put off on x86-64 only"
target_up
claims=(
  [redis-clock-ahead]=held
  [redis-clock-slow]=held
  [redis-lock-expiry]=refuted
)
redis() { nsenter --net="$work/target/net/target" redis-cli "$@"; }
# Somebody holds the lock before each run.
run_one() {
  local name=$1
  shift
  redis SET lock:drill owner EX 3600 >/dev/null
  drill run "$folder/$name.yaml" --targets "$map" --seed 42 --plain "$@"
}
says_which_claim_failed() { ends 1 run_one redis-lock-expiry && says "lock-is-held"; }
catalogue_folder clock
check "redis-lock-expiry: says which claim failed" says_which_claim_failed
drill_end
