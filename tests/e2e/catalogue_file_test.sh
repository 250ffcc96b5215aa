#!/usr/bin/env bash
# The scenarios of catalogue/file on the demo target.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=tests/e2e/drill.bash
. "$here/drill.bash"
# shellcheck source=tests/e2e/catalogue.bash
. "$here/catalogue.bash"
drill_begin "$@"
target_up
claims=(
  [config-corruption]=held
  [config-replacement]=held
)
catalogue_folder file
drill_end
