#!/usr/bin/env bash
# What the documents show must be so: the scenario in the README is sound, and every command that a
# page names exists. Prints "ok - sentence" or "not ok - sentence"; needs no root.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.."
squall=${SQUALL_BUILD:-build/dev}/squall
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

check() {  # check SENTENCE COMMAND...: one line, by the command's exit status
  local sentence=$1
  shift
  if "$@" >"$work/said" 2>&1; then
    echo "ok - $sentence"
  else
    cat "$work/said"
    echo "not ok - $sentence"
    failures=$((failures + 1))
  fi
}

# The fenced YAML blocks of a page, one file each.
blocks() { awk -v out="$work/block" '/^```yaml$/ { n++; on = 1; next } /^```$/ { on = 0 } on { print > (out n ".yaml") }' "$1"; }

blocks README.md
check "the README shows a scenario" test -s "$work/block1.yaml"
for block in "$work"/block*.yaml; do
  check "the scenario in the README is sound (${block##*/})" "$squall" check "$block"
done

commands() {  # what stands behind "squall" in backquotes, or at the start of a line of a fenced block
  awk '/^```/ { on = !on; next } on && /^squall [a-z]/ { print $2 }' "$@"
  grep -hoE '`squall [a-z]+' "$@" | awk '{ print $2 }'
}
mapfile -t named < <(commands README.md docs/*.md | sort -u)
check "the documents name commands" test "${#named[@]}" -gt 5
for command in "${named[@]}"; do
  check "there is a command squall $command" "$squall" "$command" --help
done

verbs=$(./dev help | awk '/^  [a-z]/ { print $1 }')
for verb in $(grep -hoE '\./dev [a-z]+' README.md docs/*.md | awk '{ print $2 }' | sort -u); do
  check "there is a verb ./dev $verb" grep -qx "$verb" <<<"$verbs"
done

for folder in catalogue/*/; do
  folder=$(basename "$folder")
  check "catalogue/$folder has its test" grep -qE "^catalogue_folder $folder( |\$)" tests/e2e/catalogue_*_test.sh
done

[ "$failures" = 0 ]
