// Colours are variables with a light and a dark value. State is never told by colour alone: broken
// samples are crosses, the outcome is a word, endings are sentences.
#include "report/html_style.h"

namespace squall::report {
namespace {

constexpr std::string_view colours = R"css(
:root { color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --ink: #1b2230; --soft: #5b6678; --line: #e2e6ec;
  --good: #12805c; --bad: #c9283e; --late: #98a2b3; --band: #f2a93b33; --strike: #d9822b;
  --clock: #3457d5; --area: #7f8ea833; --area-line: #7f8ea8; --code: #f0f2f5;
  --held: #12805c; --refuted: #c9283e; --invalid: #7a46c2; --inconclusive: #946200;
  --aborted: #b1500f; --unsupported: #566175; }
@media (prefers-color-scheme: dark) { :root {
  --page: #111419; --card: #191d24; --ink: #e6e9ee; --soft: #99a3b3; --line: #2a303a;
  --good: #45c893; --bad: #ff6b78; --late: #667085; --band: #f2a93b2e; --strike: #f2a93b;
  --clock: #8aa5ff; --area: #8c9bb533; --area-line: #8c9bb5; --code: #222833;
  --held: #45c893; --refuted: #ff6b78; --invalid: #b794f6; --inconclusive: #e3b341;
  --aborted: #f0914e; --unsupported: #9aa6b8; } }
)css";

constexpr std::string_view page = R"css(
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial,
  sans-serif; }
main { max-width: 1144px; margin: 0 auto; padding: 28px 20px 56px; }
h1, h2, h3, p, ul { margin: 0; }
h2 { font-size: 17px; font-weight: 650; margin: 34px 0 10px; }
h3 { font-size: 15px; font-weight: 650; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 18px 20px; }
.top { border-left: 6px solid var(--tone); padding: 22px 24px; }
.top h1 { font-size: 24px; line-height: 1.25; font-weight: 680; margin-top: 10px; }
.word { display: inline-block; padding: 3px 12px; border-radius: 999px; font-weight: 700;
  font-size: 13px; letter-spacing: .08em; text-transform: uppercase; color: var(--tone);
  border: 1.5px solid var(--tone); }
.meaning { color: var(--soft); margin-left: 10px; }
.learnt { font-size: 18px; line-height: 1.45; margin-top: 10px; }
.hypothesis { color: var(--soft); margin-top: 6px; }
.reasons { margin: 14px 0 0; padding-left: 20px; }
.reasons li { margin: 3px 0; }
.steps { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr));
  gap: 12px; margin-top: 12px; }
.step { margin: 0; overflow-wrap: anywhere; }
.step b { display: block; font-size: 13px; color: var(--soft); font-weight: 600; }
.step span { display: block; font-size: 17px; font-weight: 650; margin-top: 2px; }
.step em { display: block; text-wrap: balance; font-style: normal; font-size: 13px;
  color: var(--soft); }
.step { border-top: 3px solid var(--line); }
.step.yes { border-top-color: var(--good); }
.step.no { border-top-color: var(--bad); }
.tone-held { --tone: var(--held); } .tone-refuted { --tone: var(--refuted); }
.tone-invalid { --tone: var(--invalid); } .tone-inconclusive { --tone: var(--inconclusive); }
.tone-aborted { --tone: var(--aborted); } .tone-unsupported { --tone: var(--unsupported); }
)css";

constexpr std::string_view tables = R"css(
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th { text-align: left; font-weight: 600; color: var(--soft); font-size: 13px;
  white-space: nowrap; }
th, td { padding: 7px 14px 7px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child td { border-bottom: 0; }
th:last-child, td:last-child { padding-right: 0; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.fixed { white-space: nowrap; font-variant-numeric: tabular-nums; }
.soft { color: var(--soft); }
.yes-text { color: var(--good); } .no-text { color: var(--bad); font-weight: 600; }
.foot { margin-top: 10px; font-size: 13px; }
.part + .part { margin-top: 22px; }
.part table { margin-top: 8px; }
code, pre { font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
code { background: var(--code); border-radius: 4px; padding: 1px 5px; overflow-wrap: anywhere; }
pre { background: var(--code); border-radius: 8px; padding: 12px 14px; margin: 10px 0 0;
  overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 5px 20px; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
details { margin-top: 14px; } summary { cursor: pointer; color: var(--soft); }
footer { color: var(--soft); font-size: 13px; margin-top: 28px; }
)css";

constexpr std::string_view drawing = R"css(
.plot { display: block; width: 100%; min-width: 860px; height: auto; font-size: 12px; }
.plot text { fill: var(--ink); } .plot .tick, .plot .said { fill: var(--soft);
  font-size: 11.5px; }
.plot .name { font-weight: 600; font-size: 13px; } .plot .small { font-weight: 500;
  font-size: 12px; }
.plot .said { fill: var(--ink); } .plot .faint { opacity: .65;
  } .plot .badly { fill: var(--bad); }
.plot .grid { stroke: var(--line); } .plot .rule { stroke: var(--line); }
.plot .phase { fill: var(--code); } .plot .odd { fill: var(--line); }
.plot .band { fill: var(--band); } .plot .strike { stroke: var(--strike); stroke-width: 1.5;
  stroke-dasharray: 4 3; fill: none; }
.plot .bar { fill: var(--strike); }
.plot .dot { stroke-linecap: round; stroke-width: 4; fill: none; }
.plot .good.dot { stroke: var(--good); } .plot .late.dot { stroke: var(--late); }
.plot .cross { stroke-width: 1.6; fill: none; }
.plot .bad.cross { stroke: var(--bad); } .plot .waiting.cross { stroke: var(--late); }
.plot .strip-good { fill: var(--good); opacity: .35; } .plot .strip-bad { fill: var(--bad); }
.plot .strip-waiting { fill: var(--late); opacity: .55; }
.plot .clock { fill: var(--clock); } .plot .area { fill: var(--area); stroke: var(--area-line); }
)css";

constexpr std::string_view media = R"css(
@media (max-width: 760px) { .steps { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
@media (max-width: 520px) { main { padding: 16px 10px 40px; } .card { padding: 14px 12px; }
  dl { grid-template-columns: minmax(0, 1fr); } dt { margin-top: 6px; } }
@media print { body { background: none; } .card { break-inside: avoid; } }
)css";

}  // namespace

std::string html_style() {
  std::string sheet;
  for (const std::string_view part : {colours, page, tables, drawing, media}) sheet += part;
  return sheet;
}

}  // namespace squall::report
