#!/usr/bin/env bash
# The scenarios of catalogue/limits on the demo target.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=tests/e2e/drill.bash
. "$here/drill.bash"
# shellcheck source=tests/e2e/catalogue.bash
. "$here/catalogue.bash"
drill_begin "$@"
target_up
claims=(
  [descriptors-exhausted]=held
  [host-descriptors]=held
  [host-processes]=held
  [redis-no-fork]=held
)
catalogue_folder limits
drill_end
