// squall completion: what a shell needs to complete the words of squall.
#include <fmt/core.h>

#include "cli/commands.h"
#include "cli/completions.h"
#include "core/text.h"

namespace squall::cli {
namespace {

struct Words {
  std::string shell;
};

struct Shell {
  std::string_view name;
  std::string (*script)(const std::vector<Command>& commands);
};
constexpr Shell shells[] = {
    {"bash", bash_completion},
    {"zsh", zsh_completion},
    {"fish", fish_completion},
};

int execute(const Words& words, const Context& context) {
  for (const Shell& shell : shells) {
    if (shell.name != words.shell) continue;
    context.console.print(shell.script(context.commands));
    return exit_held;
  }
  return context.console.complain(
      error(Code::invalid, fmt::format("there are no completions for {}", quote(words.shell)),
            "bash, zsh or fish"));
}

}  // namespace

Command completion_command() {
  return command<Words>(
      {.name = "completion",
       .about = "Prints the completion script of a shell.",
       .examples = {"eval \"$(squall completion bash)\"", "source <(squall completion zsh)",
                    "squall completion fish | source"}},
      {argument("SHELL", &Words::shell, "bash, zsh or fish.").offering({"bash", "zsh", "fish"})},
      execute);
}

}  // namespace squall::cli
