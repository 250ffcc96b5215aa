#!/usr/bin/env bash
# The scenarios of catalogue/command on the demo target, with a small tool of its operators.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=tests/e2e/drill.bash
. "$here/drill.bash"
# shellcheck source=tests/e2e/catalogue.bash
. "$here/catalogue.bash"
drill_begin "$@"

fresh_target() {
  target_up
  page=$work/target/web/www/index.html
  tool=$work/maintenance
  cat >"$tool" <<TOOL
#!/bin/sh
page='$page'
case \$1 in
  on) [ ! -e "\$page" ] || mv "\$page" "\$page.aside" ;;
  off) [ ! -e "\$page.aside" ] || mv "\$page.aside" "\$page" ;;
  is-on) test -e "\$page.aside" ;;
esac
TOOL
  chmod 755 "$tool"
  sed -i "s|^\( *\)page: .*|&\n\1maintenance: $tool|" "$map"
}

claims=([web-maintenance]=held)
fresh_target
catalogue_folder command
drill_end
