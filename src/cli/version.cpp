// squall version: the version, and what it was built to touch.
#include <fmt/core.h>

#include "change/change.h"
#include "cli/commands.h"
#include "faults/fault.h"
#include "probes/probe.h"

namespace squall::cli {
namespace {

struct Words {};

int execute(const Words&, const Context& context) {
  context.console.print_line("squall " + context.version);
  context.console.print_line(fmt::format("{} faults, {} kinds of change, {} probes",
                                         fault::catalogue().size(), change::catalogue().size(),
                                         probe::catalogue().size()));
  return exit_held;
}

}  // namespace

Command version_command() {
  return command<Words>({.name = "version", .about = "Says the version."}, {}, execute);
}

}  // namespace squall::cli
