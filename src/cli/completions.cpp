#include "cli/completions.h"

#include <algorithm>

#include <fmt/core.h>

#include "core/text.h"

namespace squall::cli {
namespace {

enum class Offer { nothing, files, folders, runs, words };

// What a value may be is told by the word that stands for it in the help.
Offer offer_of(const Parameter& parameter) {
  if (!parameter.words.empty()) return Offer::words;
  const std::string& name = parameter.is_option() ? parameter.value : parameter.name;
  if (name == "FILE" || name == "SCENARIO") return Offer::files;
  if (name == "DIR") return Offer::folders;
  if (name == "RUN") return Offer::runs;
  return Offer::nothing;
}

constexpr std::string_view list_runs = "squall runs --ids --limit 50 2>/dev/null";

// A text between single quotes, as every one of these shells reads it.
std::string quoted(std::string text) {
  for (std::size_t at = 0; (at = text.find('\'', at)) != std::string::npos; at += 4) {
    text.replace(at, 1, "'\\''");
  }
  return "'" + text + "'";
}

std::string names_of(const std::vector<Command>& commands) {
  std::vector<std::string> names;
  for (const Command& command : commands) names.push_back(command.name);
  return join(names, " ");
}

// ---- bash --------------------------------------------------------------------------------------

std::string bash_offer(const Parameter& parameter) {
  switch (offer_of(parameter)) {
    case Offer::files:
      return "mapfile -t COMPREPLY < <(compgen -f -- \"$current\")";
    case Offer::folders:
      return "mapfile -t COMPREPLY < <(compgen -d -- \"$current\")";
    case Offer::runs:
      return fmt::format("mapfile -t COMPREPLY < <(compgen -W \"last $({})\" -- \"$current\")",
                         list_runs);
    case Offer::words:
      return fmt::format("mapfile -t COMPREPLY < <(compgen -W {} -- \"$current\")",
                         quoted(join(parameter.words, " ")));
    case Offer::nothing:
      break;
  }
  return "COMPREPLY=()";
}

// Cases by the commands given so far: which word leads further, what follows an option, and what
// may stand elsewhere.
struct BashCases {
  std::string paths;
  std::string values;
  std::string words;
};

void add_bash(const std::vector<Command>& commands, const std::string& path, BashCases& cases) {
  for (const Command& command : commands) {
    const std::string own = path.empty() ? command.name : path + " " + command.name;
    cases.paths +=
        fmt::format("      {}) path={} ;;\n", quoted(path + "/" + command.name), quoted(own));
    std::vector<std::string> options = {"--help"};
    std::string place;
    for (const Parameter& parameter : command.parameters) {
      if (parameter.is_option()) options.push_back(parameter.name);
      if (parameter.is_option() && !parameter.is_flag()) {
        cases.values += fmt::format("    {}) {}; return ;;\n", quoted(own + "/" + parameter.name),
                                    bash_offer(parameter));
      }
      if (!parameter.is_option() && place.empty()) place = bash_offer(parameter);
    }
    if (place.empty()) place = "COMPREPLY=()";
    const std::string words = join(options, " ");
    if (command.children.empty()) {
      cases.words += fmt::format("    {}) words={}; [[ $current == -* ]] || {{ {}; return; }} ;;\n",
                                 quoted(own), quoted(words), place);
    } else {
      cases.words += fmt::format("    {}) words={} ;;\n", quoted(own),
                                 quoted(names_of(command.children) + " " + words));
      add_bash(command.children, own, cases);
    }
  }
}

// ---- zsh ---------------------------------------------------------------------------------------

std::string zsh_offer(const Parameter& parameter) {
  switch (offer_of(parameter)) {
    case Offer::files:
      return "_files";
    case Offer::folders:
      return "_files -/";
    case Offer::runs:
      return fmt::format("(last $({}))", list_runs);
    case Offer::words:
      return fmt::format("({})", join(parameter.words, " "));
    case Offer::nothing:
      break;
  }
  return " ";
}

// Brackets and colons mean something within a specification.
std::string zsh_text(const std::string& text) {
  std::string escaped;
  for (const char letter : text) {
    if (letter == '[' || letter == ']' || letter == ':' || letter == '\\') escaped += '\\';
    escaped += letter;
  }
  return escaped;
}

std::string zsh_parameter(const Parameter& parameter) {
  if (!parameter.is_option()) {
    return fmt::format("{}:{}:{}", parameter.repeats ? "*" : "", parameter.name,
                       zsh_offer(parameter));
  }
  std::string text = parameter.repeats ? "*" : "";
  text += fmt::format("{}[{}]", parameter.name, zsh_text(parameter.about));
  if (parameter.is_flag()) return text;
  return text + fmt::format(":{}:{}", parameter.value, zsh_offer(parameter));
}

std::string zsh_commands(const std::string& function, const std::vector<Command>& commands,
                         const std::string& options) {
  std::string text;
  std::string names;
  std::string cases;
  for (const Command& command : commands) {
    const std::string own = function + "_" + command.name;
    names += fmt::format("        {}\n", quoted(command.name + ":" + zsh_text(command.about)));
    cases += fmt::format("        {}) {} ;;\n", command.name, own);
    if (!command.children.empty()) {
      text += zsh_commands(own, command.children, quoted("--help[Shows how it is used.]"));
      continue;
    }
    text += fmt::format("{}() {{\n  _arguments \\\n", own);
    for (const Parameter& parameter : command.parameters) {
      text += fmt::format("    {} \\\n", quoted(zsh_parameter(parameter)));
    }
    text += "    '--help[Shows how it is used.]'\n}\n\n";
  }
  text += fmt::format(
      "{}() {{\n  local context state state_descr line\n  typeset -A opt_args\n"
      "  _arguments -C {} '1: :->command' '*:: :->rest'\n  case $state in\n    command)\n"
      "      local -a names=(\n{}      )\n      _describe command names ;;\n    rest)\n"
      "      case $words[1] in\n{}      esac ;;\n  esac\n}}\n\n",
      function, options, names, cases);
  return text;
}

// ---- fish --------------------------------------------------------------------------------------

std::string fish_offer(const Parameter& parameter) {
  switch (offer_of(parameter)) {
    case Offer::files:
      return "-F";
    case Offer::folders:
      return "-x -a '(__fish_complete_directories)'";
    case Offer::runs:
      return fmt::format("-x -a {}", quoted(fmt::format("last ({})", list_runs)));
    case Offer::words:
      return fmt::format("-x -a {}", quoted(join(parameter.words, " ")));
    case Offer::nothing:
      break;
  }
  return "-x";
}

void add_fish(const std::vector<Command>& commands, const std::string& path, std::string& text) {
  const std::string seen = path.empty() ? "__fish_use_subcommand"
                                        : fmt::format(
                                              "__fish_seen_subcommand_from {}; and not "
                                              "__fish_seen_subcommand_from {}",
                                              path, names_of(commands));
  for (const Command& command : commands) {
    text += fmt::format("complete -c squall -n {} -a {} -d {}\n", quoted(seen), command.name,
                        quoted(command.about));
  }
  for (const Command& command : commands) {
    if (!command.children.empty()) {
      add_fish(command.children, command.name, text);
      continue;
    }
    const std::string when = quoted("__fish_seen_subcommand_from " + command.name);
    for (const Parameter& parameter : command.parameters) {
      if (!parameter.is_option()) {
        if (offer_of(parameter) != Offer::nothing) {
          text += fmt::format("complete -c squall -n {} {}\n", when, fish_offer(parameter));
        }
        continue;
      }
      text += fmt::format(
          "complete -c squall -n {} -l {}{} -d {}\n", when, parameter.name.substr(2),
          parameter.is_flag() ? "" : " -r " + fish_offer(parameter), quoted(parameter.about));
    }
  }
}

}  // namespace

std::string bash_completion(const std::vector<Command>& commands) {
  BashCases cases;
  add_bash(commands, "", cases);
  return fmt::format(
      R"bash(# Completion of squall for bash: eval "$(squall completion bash)"
_squall() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD - 1]}} path= words= i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$path/${{COMP_WORDS[i]}}" in
{}    esac
  done
  case "$path/$previous" in
{}  esac
  case $path in
    '') words='{} --help --version' ;;
{}  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}}
complete -o filenames -F _squall squall
)bash",
      cases.paths, cases.values, names_of(commands), cases.words);
}

std::string zsh_completion(const std::vector<Command>& commands) {
  return "#compdef squall\n# Completion of squall for zsh: source <(squall completion zsh)\n\n" +
         zsh_commands("_squall", commands,
                      "'--help[Shows how it is used.]' '--version[Shows the version.]'") +
         "if [ \"$funcstack[1]\" = _squall ]; then _squall \"$@\"; else compdef _squall squall; "
         "fi\n";
}

std::string fish_completion(const std::vector<Command>& commands) {
  std::string text =
      "# Completion of squall for fish: squall completion fish | source\n"
      "complete -c squall -f\n"
      "complete -c squall -l help -d 'Shows how it is used.'\n"
      "complete -c squall -n __fish_use_subcommand -l version -d 'Shows the version.'\n";
  add_fish(commands, "", text);
  return text;
}

}  // namespace squall::cli
