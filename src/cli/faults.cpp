// squall faults: everything that can be broken, and whether it can be broken here.
#include <fmt/core.h>

#include "cli/commands.h"
#include "cli/page_view.h"
#include "cli/table.h"
#include "core/text.h"
#include "faults/fault.h"
#include "faults/page.h"
#include "sys/host.h"

namespace squall::cli {
namespace {

struct Words {
  std::string name;
  bool as_json = false;
};

std::vector<std::string> names() {
  std::vector<std::string> names;
  for (const fault::Kind* kind : fault::catalogue()) names.emplace_back(kind->name);
  return names;
}

std::vector<std::string> obstacles(const fault::Kind& kind, const sys::HostFacts& host) {
  std::vector<std::string> reasons;
  for (const sys::Need& need : kind.needs(host)) {
    if (!need.met) reasons.push_back(need.reason.empty() ? "it needs " + need.what : need.reason);
  }
  return reasons;
}

json::object describe(const fault::Kind& kind, const sys::HostFacts& host) {
  json::array reasons;
  for (const std::string& reason : obstacles(kind, host)) reasons.push_back(json::string(reason));
  const bool is_available = reasons.empty();
  return {{"name", kind.name},
          {"summary", kind.summary},
          {"undo", kind.undo},
          {"irreversible", kind.irreversible},
          {"available", is_available},
          {"reasons", std::move(reasons)},
          {"parameters", kind.table->schema()}};
}

// A sentence of a list: on a terminal within its width, in a pipe one line.
std::string indented(const std::string& sentence, const Style& style) {
  if (!style.is_terminal) return "  " + sentence + "\n";
  std::string text;
  for (const std::string& line : wrap(sentence, style.width - 4)) {
    text += (text.empty() ? "  " : "    ") + line + "\n";
  }
  return text;
}

void list_all(const sys::HostFacts& host, const Console& console) {
  Table table{{"fault", "here", "what the victim feels"}, {}};
  std::string missing;
  for (const fault::Kind* kind : fault::catalogue()) {
    const std::vector<std::string> reasons = obstacles(*kind, host);
    table.rows.push_back({{std::string(kind->name), Colour::accent},
                          reasons.empty() ? Cell{"yes", Colour::good} : Cell{"no", Colour::bad},
                          {std::string(kind->summary)}});
    for (const std::string& reason : reasons) {
      missing += indented(fmt::format("{}: {}", kind->name, reason), console.style());
    }
  }
  console.print(render_table(table, console.style()));
  if (!missing.empty()) {
    console.print("\n" + paint(console.style(), Colour::bold, "Not possible here") + "\n" +
                  missing);
  }
  console.print("\nfor all of one: squall faults NAME\n");
}

void show(const fault::Kind& kind, const sys::HostFacts& host, const Console& console) {
  console.print(render_page(fault::page(kind), console.style()));
  const std::vector<std::string> reasons = obstacles(kind, host);
  if (reasons.empty()) {
    console.print("\n" + paint(console.style(), Colour::good, "This host can do it.") + "\n");
    return;
  }
  console.print("\n" + paint(console.style(), Colour::bad, "This host cannot do it:") + "\n");
  for (const std::string& reason : reasons) console.print(indented("- " + reason, console.style()));
}

json::value all_as_json(const sys::HostFacts& host) {
  json::array all;
  for (const fault::Kind* kind : fault::catalogue()) all.push_back(describe(*kind, host));
  return all;
}

int execute(const Words& words, const Context& context) {
  const Console& console = context.console;
  const sys::HostFacts host = sys::look_at_host();
  if (words.name.empty()) {
    words.as_json ? console.print_json(all_as_json(host)) : list_all(host, console);
    return exit_held;
  }
  const fault::Kind* kind = fault::find(fault::catalogue(), words.name);
  if (kind == nullptr) {
    const auto meant = closest(words.name, names());
    return console.complain(
        error(Code::not_found, fmt::format("there is no fault {}", quote(words.name)),
              meant ? fmt::format("did you mean {}?", *meant) : "for all of them: squall faults"));
  }
  words.as_json ? console.print_json(describe(*kind, host)) : show(*kind, host, console);
  return exit_held;
}

}  // namespace

Command faults_command() {
  return command<Words>(
      {.name = "faults",
       .about = "Lists every fault, and says which this host can do, or why not.",
       .details = "With a name: its parameters, how it is done and undone, and an example.",
       .examples = {"squall faults", "squall faults network.block"}},
      {optional_argument("NAME", &Words::name, "A fault.").offering(names()),
       flag("--json", &Words::as_json, "Says it as JSON.")},
      execute);
}

}  // namespace squall::cli
