// squall probes: everything that can be measured, and what of it a check may demand.
#include <fmt/core.h>

#include "cli/commands.h"
#include "cli/page_view.h"
#include "cli/table.h"
#include "core/text.h"
#include "probes/probe.h"

namespace squall::cli {
namespace {

struct Words {
  std::string name;
  bool as_json = false;
};

std::vector<std::string> names() {
  std::vector<std::string> names;
  for (const probe::Kind* kind : probe::catalogue()) names.emplace_back(kind->name);
  return names;
}

json::object describe(const probe::Kind& kind) {
  json::array values;
  for (const probe::Value& value : kind.values) {
    values.push_back({{"name", value.name}, {"type", value.type}, {"about", value.about}});
  }
  return {{"name", kind.name},
          {"about", kind.about},
          {"values", std::move(values)},
          {"parameters", kind.table->schema()}};
}

std::string page(const probe::Kind& kind) {
  std::string text = fmt::format("# {}\n\n{}\n\n## Parameters\n\n", kind.name, kind.about);
  text += "| name | type | default | meaning |\n|---|---|---|---|\n";
  for (const param::FieldInfo& field : kind.table->fields()) {
    text += fmt::format("| {} | {} | {} | {} |\n", field.name, field.type,
                        field.required ? "required" : field.fallback, field.about);
  }
  text += "\n## What it measures, for `expect`\n\n| name | type | meaning |\n|---|---|---|\n";
  for (const probe::Value& value : kind.values) {
    text += fmt::format("| {} | {} | {} |\n", value.name, value.type, value.about);
  }
  return text;
}

void list_all(const Console& console) {
  Table table{{"probe", "what it does, and the values that it measures"}, {}};
  for (const probe::Kind* kind : probe::catalogue()) {
    std::vector<std::string> values;
    for (const probe::Value& value : kind->values) values.push_back(value.name);
    table.rows.push_back({{std::string(kind->name), Colour::accent},
                          {fmt::format("{} Values: {}.", kind->about, join(values, ", "))}});
  }
  console.print(render_table(table, console.style()));
  console.print("\nfor all of one: squall probes NAME\n");
}

json::value all_as_json() {
  json::array all;
  for (const probe::Kind* kind : probe::catalogue()) all.push_back(describe(*kind));
  return all;
}

int execute(const Words& words, const Context& context) {
  const Console& console = context.console;
  if (words.name.empty()) {
    words.as_json ? console.print_json(all_as_json()) : list_all(console);
    return exit_held;
  }
  const probe::Kind* kind = probe::find(probe::catalogue(), words.name);
  if (kind == nullptr) {
    const auto meant = closest(words.name, names());
    return console.complain(
        error(Code::not_found, fmt::format("there is no probe {}", quote(words.name)),
              meant ? fmt::format("did you mean {}?", *meant) : "for all of them: squall probes"));
  }
  words.as_json ? console.print_json(describe(*kind))
                : console.print(render_page(page(*kind), console.style()));
  return exit_held;
}

}  // namespace

Command probes_command() {
  return command<Words>(
      {.name = "probes",
       .about = "Lists every probe, and what it measures.",
       .details = "With a name: its parameters, and the values that a check may demand.",
       .examples = {"squall probes", "squall probes http"}},
      {optional_argument("NAME", &Words::name, "A probe.").offering(names()),
       flag("--json", &Words::as_json, "Says it as JSON.")},
      execute);
}

}  // namespace squall::cli
