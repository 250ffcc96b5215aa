// The command is found first, by its name, so that a mistyped one gets a suggestion and only the
// parser of that one command is ever built. CLI11 then sorts the words into options and arguments;
// it throws, and this file turns what it throws into messages.
#include "cli/command_line.h"

#include <algorithm>
#include <csignal>

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <unistd.h>

#include "cli/help.h"
#include "core/text.h"

namespace squall::cli {
namespace {

bool asks_for_help(const std::string& word) {
  return word == "--help" || word == "-h";
}

int fail(const Context& context, std::string message, std::string next) {
  return context.console.complain(error(Code::invalid, std::move(message), std::move(next)));
}

// "did you mean run?" or, when nothing is close, where the names are listed.
std::string suggest(const std::string& word, const std::vector<std::string>& names,
                    const std::string& path) {
  if (const auto close = closest(word, names)) return fmt::format("did you mean {}?", *close);
  return fmt::format("for what there is: {} --help", path);
}

std::vector<std::string> names_of(const std::vector<Command>& commands) {
  std::vector<std::string> names;
  for (const Command& command : commands) names.push_back(command.name);
  return names;
}

// A CLI11 option beside the parameter that it fills.
struct Bound {
  CLI::Option* option = nullptr;
  const Parameter* parameter = nullptr;
};

std::vector<Bound> bind(CLI::App& app, const Command& command) {
  std::vector<Bound> bound;
  for (const Parameter& parameter : command.parameters) {
    const std::string names =
        parameter.short_name.empty() ? parameter.name : parameter.short_name + "," + parameter.name;
    CLI::Option* option = parameter.is_flag() ? app.add_flag(names) : app.add_option(names);
    if (!parameter.is_flag()) {
      option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
      if (parameter.repeats && !parameter.is_option()) {
        option->expected(parameter.is_required ? 1 : 0, CLI::detail::expected_max_vector_size);
      }
      option->allow_extra_args(parameter.repeats && !parameter.is_option());
    }
    bound.push_back({option, &parameter});
  }
  return bound;
}

Status take(const Bound& bound) {
  const Parameter& parameter = *bound.parameter;
  const std::size_t count = bound.option->count();
  if (count == 0 && parameter.is_required) {
    return error(Code::invalid, fmt::format("{} is missing", parameter.name));
  }
  if (parameter.is_flag()) return count == 0 ? ok() : parameter.take("");
  if (count > 1 && !parameter.repeats) {
    return error(Code::invalid, fmt::format("{} is given {} times", parameter.name, count),
                 "give it once");
  }
  if (count == 0) return ok();
  for (const std::string& value : bound.option->results()) {
    TRY_VOID(parameter.take(value), "reading " + parameter.name);
  }
  return ok();
}

Error unknown_word(const Command& command, const std::string& word, const std::string& path) {
  if (word.starts_with("-")) {
    std::vector<std::string> options;
    for (const Parameter& parameter : command.parameters) {
      if (parameter.is_option()) options.push_back(parameter.name);
    }
    const std::string name = word.substr(0, word.find('='));
    return error(Code::invalid, fmt::format("{} has no option {}", path, printable(name)),
                 suggest(name, options, path));
  }
  return error(Code::invalid, fmt::format("{} takes no {} here", path, quote(word)),
               fmt::format("usage: {}", usage_line(command, path)));
}

// "-port" becomes "--port", where there is such an option.
void widen_dashes(const Command& command, std::vector<std::string>& words) {
  for (std::string& word : words) {
    if (word == "--") return;
    const std::string wide = "-" + word.substr(0, word.find('='));
    const auto is_meant = [&](const Parameter& parameter) { return parameter.name == wide; };
    if (std::any_of(command.parameters.begin(), command.parameters.end(), is_meant)) {
      word.insert(0, "-");
    }
  }
}

// Fills what the command takes.
Status parse(const Command& command, const std::string& path, std::vector<std::string> words) {
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  const std::vector<Bound> bound = bind(app, command);
  std::reverse(words.begin(), words.end());  // CLI11 takes them from the back
  const std::string usage = "usage: " + usage_line(command, path);
  try {
    app.parse(words);
  } catch (const CLI::ParseError& problem) {
    return error(Code::invalid, problem.what(), usage);
  }
  for (const std::string& word : app.remaining()) {
    if (word != "--") return unknown_word(command, word, path);
  }
  for (const Bound& one : bound) {
    Status taken = take(one);
    if (!taken.ok()) return std::move(taken).error().advise(usage);
  }
  return ok();
}

int execute(const Command& command, const std::string& path, std::vector<std::string> words,
            const Context& context) {
  if (command.takes_single_dashes) widen_dashes(command, words);
  const auto end = std::find(words.begin(), words.end(), "--");
  if (std::any_of(words.begin(), end, asks_for_help)) {
    context.console.print(command_help(command, path, context.console.style()));
    return exit_held;
  }
  if (const Status parsed = parse(command, path, std::move(words)); !parsed.ok()) {
    context.console.complain(parsed.error());
    return exit_wrong_use;
  }
  return command.execute(context);
}

}  // namespace

int execute_command_line(const std::vector<std::string>& given, const Context& context) {
  std::vector<std::string> words = given;
  if (!words.empty() && words.front() == "help") {  // help run = run --help
    std::rotate(words.begin(), words.begin() + 1, words.end());
    words.back() = "--help";
  }
  if (words.empty()) {
    context.console.print_error(general_help(context.commands, context.console.error_style()));
    return exit_wrong_use;
  }
  if (words.front() == "--version" || words.front() == "-V") {
    if (words.size() > 1) {
      return fail(context, fmt::format("{} takes no {}", words.front(), quote(words[1])),
                  "usage: squall --version");
    }
    context.console.print_line("squall " + context.version);
    return exit_held;
  }
  const std::vector<Command>* commands = &context.commands;
  std::string path = "squall";
  for (std::size_t depth = 0; depth < words.size(); ++depth) {
    const std::string& word = words[depth];
    if (asks_for_help(word) && depth == 0) {
      context.console.print(general_help(context.commands, context.console.style()));
      return exit_held;
    }
    if (word.starts_with("-")) {
      return fail(context, fmt::format("{} stands before the command", quote(word)),
                  fmt::format("options come after it: {} COMMAND {} ...", path, printable(word)));
    }
    const Command* command = find(*commands, word);
    if (command == nullptr) {
      return fail(context, fmt::format("{} has no command {}", path, quote(word)),
                  suggest(word, names_of(*commands), path));
    }
    path += " " + word;
    const auto rest = words.begin() + static_cast<std::ptrdiff_t>(depth) + 1;
    const bool has_help = rest != words.end() && asks_for_help(*rest);
    const bool has_options = rest != words.end() && rest->starts_with("-");
    const bool is_meant = rest == words.end() || (command->execute && has_options);
    if (command->children.empty() || has_help || is_meant) {
      if (!command->execute && !has_help) {
        return fail(context, fmt::format("{} needs a command of its own", path),
                    list_words(names_of(command->children), "or"));
      }
      return execute(*command, path, {rest, words.end()}, context);
    }
    commands = &command->children;
  }
  CHECK(false, "the loop ends at a command");
  return exit_wrong_use;
}

int squall_main(int count, char** words, const std::string& version,
                std::vector<Command> commands) {
  // A reader that goes away (squall runs | head) must not end a run in the middle.
  std::signal(SIGPIPE, SIG_IGN);
  const Console console(STDOUT_FILENO, STDERR_FILENO);
  return console.finish(execute_command_line({words + 1, words + std::max(count, 1)},
                                             Context{console, version, commands}));
}

}  // namespace squall::cli
