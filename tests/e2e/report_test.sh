#!/usr/bin/env bash
# What a person and a machine see of real runs, one that holds and one that is refuted: the summary,
# the report in every format, the ledger. All of it self-contained, and safe whatever the target or
# the author of a scenario wrote into it.
set -euo pipefail
# shellcheck source=tests/e2e/drill.bash
. "$(dirname "$(readlink -f "$0")")/drill.bash"
drill_begin "$@"
target_up

has() { grep -qF -- "$1" "$work/report"; }
lacks() { not grep -qE -- "$1" "$work/report"; }
report() { ends 0 drill report "$1" --format "$2" --out "$work/report" && cp "$work/report" "$work/said"; }
run_of() { basename "$(find "$SQUALL_STATE/runs" -maxdepth 1 -name "*-$1-????")"; }
run_one() { drill run "$(find "$root/catalogue" -name "$1.yaml")" --targets "$map" --seed 42 --plain; }
well_formed() { python3 -c 'import sys, xml.dom.minidom as x; x.parse(sys.argv[1])' "$work/report"; }
valid_json() { python3 -m json.tool "$work/report" >/dev/null; }

check "a drill holds" ends 0 run_one redis-kill-restart
cp "$work/said" "$work/held"
check "another is refuted" ends 1 run_one fragile-kill
cp "$work/said" "$work/refuted"
held=$(run_of redis-kill-restart)
refuted=$(run_of fragile-kill)

# --- the summary -------------------------------------------------------------------------------------

steps() { grep -oE '^\[[1-4]/4\] (injected|detected|healed|verified)' "$1" | tr '\n' ' '; }
four='[1/4] injected [2/4] detected [3/4] healed [4/4] verified '
check "the summary tells the four steps" test "$(steps "$work/held")" = "$four"
check "those of a refuted run too" test "$(steps "$work/refuted")" = "$four"
check "detection and healing are told as intervals" \
  test "$(grep -cE '^\[[23]/4\] \w+ +\([0-9.]+ to [0-9.]+ m?s\)' "$work/held")" = 2
check "the verdict stands alone on its line" grep -qx 'HELD (exit code 0)' "$work/held"
check "so does that of the refuted run" grep -qx 'REFUTED (exit code 1)' "$work/refuted"
learnt=$(grep -E '^After process.kill on redis-server' "$work/held" || true)
check "one sentence says what was learnt" test "$(grep -c . <<<"$learnt")" = 1
check "show says the same later" ends 0 drill show "$held"
check "and ends with what was learnt" says "$learnt"
check "nothing but text goes to a log" not grep -q $'\e' "$work/held"
in_terminal() { script -qec "$1" /dev/null </dev/null >"$work/said" 2>&1; }
check "a terminal gets colours" \
  in_terminal "env -u NO_COLOR TERM=xterm '$squall' show '$held'"
check "which are there" grep -q $'\e\[' "$work/said"
check "NO_COLOR takes them away" in_terminal "TERM=xterm NO_COLOR=1 '$squall' show '$held'"
check "which are gone" not grep -q $'\e\[3' "$work/said"

# --- the page ----------------------------------------------------------------------------------------

page=$SQUALL_STATE/runs/$held/report.html
check "the run left a page beside its timeline" test -s "$page"
check "which only its owner can read" test "$(stat -c %a "$page")" = 600
check "the page can be made again" report "$held" html
check "and is the same, byte by byte" cmp -s "$work/report" "$page"
check "it names title, seed and what was learnt" has "Redis is killed and comes back by itself"
check "and the sentence" has "$learnt"
check "it has a drawing of the timeline" has "<svg"
check "no script runs in it" lacks '<script|javascript:| on[a-z]+='
check "it loads nothing: no address in any attribute" \
  lacks '(src|href|action|data|poster|srcset|background)="?[^"#]'
check "nor in its style" lacks '@import|url\('
check "nor by any other element" lacks '<(link|iframe|object|embed|base|img|meta[^>]*refresh)'

# --- for machines ------------------------------------------------------------------------------------

check "Markdown is written" report "$held" markdown
check "and begins with the verdict and the title" grep -q '^# held: Redis is killed' "$work/report"
check "and has tables" grep -q '^| clock |' "$work/report"
check "JSON is written" report "$held" json
check "with the outcome" has '"outcome": "held"'
if command -v python3 >/dev/null; then check "which is sound JSON" valid_json; fi
check "JUnit is written" report "$held" junit
check "without a failure" has 'failures="0" errors="0"'
if command -v python3 >/dev/null; then check "which is sound XML" well_formed; fi
check "JUnit of the refuted run is written" report "$refuted" junit
check "with failures" lacks '<testsuites [^>]*failures="0"'
check "an unknown format is refused" refuses 2 "html, markdown, json or junit" drill report "$held" --format pdf
check "a run in JSON lines ends with the verdict" ends 0 \
  drill run "$root/tests/scenarios/fast/pause.yaml" --targets "$map" --json --set lasts='1 s'
check "in its last line" grep -q '"outcome":"held"' <<<"$(tail -n 1 "$work/said")"
check "and every line is an object" not grep -qv '^{.*}$' "$work/said"
for shell in bash zsh fish; do
  check "completion for $shell is written" ends 0 drill completion "$shell"
  ! command -v "$shell" >/dev/null || check "which $shell can read" "$shell" -n "$work/said"
done
check "the schema is written" ends 0 drill schema

# --- hostile text ------------------------------------------------------------------------------------

check "a scenario with a hostile title runs" ends 0 \
  drill run "$root/tests/scenarios/fast/hostile.yaml" --targets "$map" --plain --set lasts='1 s'
check "no escape reaches the terminal" not grep -q $'\e' "$work/said"
sed 's/^title: "/&\\e[31m/' "$root/tests/scenarios/fast/hostile.yaml" >"$work/title.yaml"
check "a title with an escape is refused" refuses 2 '"title" is one line of text' drill check "$work/title.yaml"
run=$(run_of hostile)
check "its page is written" report "$run" html
check "without its script" lacks '<script'
check "without its escape" not grep -q $'\e' "$work/report"
check "its JUnit is written" report "$run" junit
if command -v python3 >/dev/null; then check "which is still sound XML" well_formed; fi
check "its Markdown is written" report "$run" markdown
check "without a live link" lacks '[^\\]\]\(javascript:'
check "and without its script" lacks '(^|[^\\])<script'

# --- where a report is written to --------------------------------------------------------------------

reports_to() { drill report "$run" --format json --out "$1"; }
ln -s "$work/linked" "$work/link"
echo old >"$work/linked"
check "a link is followed" ends 0 reports_to "$work/link"
check "and stays a link" test -L "$work/link"
check "whose file has the report" grep -q '"verdict"' "$work/linked"
check "a device is written to" ends 0 reports_to /dev/null
check "and stays a device" test -c /dev/null
mkfifo "$work/pipe"
timeout 30 cat "$work/pipe" >"$work/piped" &
check "a pipe is written to" ends 0 reports_to "$work/pipe"
wait $! || true  # it had nothing to read where nothing was written
check "and its reader has the report" grep -q '"verdict"' "$work/piped"

# --- the ledger --------------------------------------------------------------------------------------

check "runs lists them" ends 0 drill runs
check "with verdicts" test "$(grep -cE ' (held|refuted) ' "$work/said")" = 4
check "the ledger is sound" ends 0 drill ledger verify
sed -i 's/redis-server/redis-sorver/' "$SQUALL_STATE/runs/$held/timeline.jsonl"
check "a changed timeline is named" refuses 1 "$held" drill ledger verify
sed -i 's/redis-sorver/redis-server/' "$SQUALL_STATE/runs/$held/timeline.jsonl"
check "and sound again as it was" ends 0 drill ledger verify
offset=$(grep -obaF 'comes back by itself' "$SQUALL_STATE/ledger.sqlite" | head -n 1 | cut -d: -f1)
printf 'X' | dd of="$SQUALL_STATE/ledger.sqlite" bs=1 seek="$offset" conv=notrunc status=none
check "a single changed byte of the ledger is found" refuses 1 "row 1" drill ledger verify
drill_end
