#!/usr/bin/env bash
# The scenarios of catalogue/network on the demo target.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=tests/e2e/drill.bash
. "$here/drill.bash"
# shellcheck source=tests/e2e/catalogue.bash
. "$here/catalogue.bash"
drill_begin "$@"
target_up
claims=(
  [redis-block-refusal]=held
  [redis-block-silence]=held
  [redis-connection-resets]=held
  [redis-latency-spike]=held
  [redis-lossy-line]=held
)
catalogue_folder network
drill_end
