#!/usr/bin/env bash
# The scenarios of catalogue/memory on the demo target.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=tests/e2e/drill.bash
. "$here/drill.bash"
# shellcheck source=tests/e2e/catalogue.bash
. "$here/catalogue.bash"
drill_begin "$@"
target_up
claims=(
  [host-memory-fill]=held
  [redis-memory-stall]=held
  [redis-oom-kill]=held
)
catalogue_folder memory
drill_end
