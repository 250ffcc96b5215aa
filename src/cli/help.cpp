#include "cli/help.h"

#include <algorithm>

#include <fmt/core.h>

#include "core/text.h"

namespace squall::cli {
namespace {

constexpr std::size_t widest_text = 100;
constexpr std::size_t widest_name = 24;
constexpr std::size_t narrowest_about = 20;  // narrower, it stands below its name
constexpr std::size_t stacked_column = 6;

std::size_t text_width(const Style& style) {
  return std::min(style.width, widest_text);
}

struct Entry {
  std::string name;
  std::string about;
};

// Names in one column, what they mean beside them.
std::string list(const std::vector<Entry>& entries, const Style& style) {
  std::size_t widest = 0;
  for (const Entry& entry : entries) widest = std::max(widest, columns(entry.name));
  std::size_t column = std::min(widest, widest_name) + 4;
  if (text_width(style) < column + narrowest_about) column = stacked_column;
  const std::size_t room = std::max(text_width(style), column + 1) - column;
  std::string text;
  for (const Entry& entry : entries) {
    std::string lead = "  " + paint(style, Colour::accent, entry.name);
    std::size_t used = columns(entry.name) + 2;
    if (used + 2 > column) {
      text += lead + "\n";
      lead.clear();
      used = 0;
    }
    for (const std::string& line : wrap(entry.about, room)) {
      text += lead + std::string(column - used, ' ') + line + "\n";
      lead.clear();
      used = 0;
    }
  }
  return text;
}

std::string heading(std::string_view text, const Style& style) {
  return "\n" + paint(style, Colour::bold, text) + "\n";
}

std::string paragraph(std::string_view text, const Style& style) {
  std::string lines;
  for (const std::string& line : wrap(text, text_width(style))) lines += line + "\n";
  return lines;
}

std::string usage_of(const Parameter& parameter) {
  const std::string text = parameter.is_required ? parameter.name : "[" + parameter.name + "]";
  return parameter.repeats ? text + "..." : text;
}

constexpr std::string_view exit_codes =
    "0 held, 1 refuted, 2 wrong use or a mistake in a document, 3 not possible on this host, "
    "4 invalid (nothing was proven), 5 inconclusive (too few samples), 6 aborted. For commands "
    "that run nothing, 0 means yes or done, and 1 means no.";

}  // namespace

std::string usage_line(const Command& command, const std::string& path) {
  std::string text = path;
  if (!command.children.empty()) return text + (command.execute ? " [COMMAND]" : " COMMAND");
  for (const Parameter& parameter : command.parameters) {
    if (!parameter.is_option()) text += " " + usage_of(parameter);
  }
  const bool has_options =
      std::any_of(command.parameters.begin(), command.parameters.end(),
                  [](const Parameter& parameter) { return parameter.is_option(); });
  return has_options ? text + " [options]" : text;
}

std::string general_help(const std::vector<Command>& commands, const Style& style) {
  std::string text = paragraph(
      "squall breaks things on purpose, proves that the break was real, that it was noticed and "
      "healed, and puts everything back.",
      style);
  text += "\nusage: squall COMMAND ...\n" + heading("Commands", style);
  std::vector<Entry> entries;
  for (const Command& command : commands) entries.push_back({command.name, command.about});
  text += list(entries, style);
  text += heading("Options", style);
  text += list({{"--help", "Shows this, or the help of a command: squall run --help"},
                {"--version", "Shows the version."}},
               style);
  return text + heading("Exit codes", style) + paragraph(exit_codes, style);
}

std::string command_help(const Command& command, const std::string& path, const Style& style) {
  std::string usage;
  for (const std::string& line : wrap("usage: " + usage_line(command, path), text_width(style))) {
    usage += (usage.empty() ? "" : "         ") + line + "\n";
  }
  std::string text = usage + "\n" + paragraph(command.about, style);
  if (!command.details.empty()) text += "\n" + paragraph(command.details, style);
  std::vector<Entry> options;
  std::vector<Entry> arguments;
  for (const Command& child : command.children) arguments.push_back({child.name, child.about});
  for (const Parameter& parameter : command.parameters) {
    std::string name = parameter.name;
    if (!parameter.short_name.empty()) name = parameter.short_name + ", " + name;
    if (!parameter.value.empty()) name += " " + parameter.value;
    (parameter.is_option() ? options : arguments).push_back({name, parameter.about});
  }
  if (!arguments.empty()) {
    text += heading(command.children.empty() ? "Takes" : "Commands", style);
    text += list(arguments, style);
  }
  if (!options.empty()) text += heading("Options", style) + list(options, style);
  if (!command.examples.empty()) text += heading("Examples", style);
  for (const std::string& example : command.examples) text += "  " + example + "\n";
  return text;
}

}  // namespace squall::cli
