// squall schema: the scenario language as JSON Schema, for editors.
#include "scenario/schema.h"

#include "cli/commands.h"

namespace squall::cli {
namespace {

struct Words {};

int execute(const Words&, const Context& context) {
  context.console.print(pretty_json(scenario::schema(fault::catalogue(), probe::catalogue())) +
                        "\n");
  return exit_held;
}

}  // namespace

Command schema_command() {
  return command<Words>(
      {.name = "schema",
       .about = "Prints the JSON Schema of scenarios, for completion and checks in an editor.",
       .details = "Most editors take it from a line at the head of a scenario: "
                  "# yaml-language-server: $schema=squall.schema.json",
       .examples = {"squall schema > squall.schema.json"}},
      {}, execute);
}

}  // namespace squall::cli
