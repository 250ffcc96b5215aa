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
  [host-cpu-ramp]=held
  [redis-pinned]=held
  [web-cpu-pressure]=held
)
# A burner cannot be seen where every core is busy already, or the load goes up and down by itself;
# then squall refuses, and nothing is shown.
cannot_tell() { [[ $1 == host-cpu-* ]] && { says "the host is already busy" || says "the host is too restless"; }; }
alone=(host-cpu-burn host-cpu-ramp)
catalogue_folder cpu
drill_end
