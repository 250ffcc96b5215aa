#!/usr/bin/env bash
# The scenarios of catalogue/cpu on the demo target.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=tests/e2e/drill.bash
. "$here/drill.bash"
# shellcheck source=tests/e2e/catalogue.bash
. "$here/catalogue.bash"
drill_begin "$@"
target_up
claims=(
  [host-cpu-burn]=held
  [redis-pinned]=held
  [web-cpu-pressure]=held
)
# A burner cannot be seen where every core is busy already; then squall refuses, and nothing is shown.
cannot_tell() { [ "$1" = host-cpu-burn ] && says "the host is already busy"; }
alone=(host-cpu-burn)
catalogue_folder cpu
drill_end
