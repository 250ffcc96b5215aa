#!/usr/bin/env bash
# The scenarios of catalogue/http on the demo target.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=tests/e2e/drill.bash
. "$here/drill.bash"
# shellcheck source=tests/e2e/catalogue.bash
. "$here/catalogue.bash"
drill_begin "$@"
target_up
claims=(
  [web-flood]=held
  [web-injection-accepted]=refuted
  [web-malformed]=held
)
alone=(web-flood web-injection-accepted web-malformed)  # their witness counts what all of them send
catalogue_folder http

flood_tells() { remember_host && ends 0 run_one web-flood && grep -qE 'sent [0-9]+ of [0-9]+ due' "$work/said"; }
malformed_tells() { ends 1 run_one web-injection-accepted && grep -qE 'sql_injection: .*accepted \(sql_in_query' "$work/said"; }
check "web-flood: the report says how many were sent and answered" flood_tells
check "web-injection-accepted: the report names the forms that were accepted" malformed_tells
drill_end
