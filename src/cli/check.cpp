// squall check: is this scenario sound? Touches nothing, and needs no rights.
#include <algorithm>

#include <fmt/core.h>

#include "cli/commands.h"
#include "cli/documents.h"
#include "core/text.h"

namespace squall::cli {
namespace {

struct Words : DocumentWords {
  std::vector<std::string> files;
  bool as_json = false;
};

// What was found of one file.
struct Checked {
  std::string file;
  Result<Loaded> loaded;
};

json::object to_json(const Checked& checked) {
  json::array mistakes;
  const auto add = [&](std::string_view file, Mark mark, std::string_view message,
                       std::string_view hint) {
    mistakes.push_back(json::object{{"file", repair_utf8(file)},
                                    {"line", mark.line},
                                    {"column", mark.column},
                                    {"message", message},
                                    {"hint", hint}});
  };
  json::value plan = nullptr;
  json::array notes;
  if (!checked.loaded.ok()) {
    add(checked.file, {}, checked.loaded.error().render(), checked.loaded.error().next);
  } else {
    const Loaded& loaded = *checked.loaded;
    for (const Diagnostic& one : loaded.mistakes.sorted()) {
      add(one.file, one.mark, one.message, one.hint);
    }
    for (const std::string& note : loaded.notes) notes.push_back(json::string(note));
    if (loaded.plan) plan = json::string(scenario::hash(*loaded.plan));
  }
  const bool is_sound = plan.is_string();
  return {{"file", repair_utf8(checked.file)},
          {"sound", is_sound},
          {"plan_hash", std::move(plan)},
          {"mistakes", std::move(mistakes)},
          {"notes", std::move(notes)}};
}

int execute(const Words& words, const Context& context) {
  int code = exit_held;
  Diagnostics mistakes;
  json::array all;
  for (const std::string& file : words.files) {
    const Checked checked{file, load_scenario(file, words, 0)};
    const Result<Loaded>& loaded = checked.loaded;
    if (words.as_json) {
      all.push_back(to_json(checked));
      const bool is_sound = loaded.ok() && loaded->plan;
      if (!is_sound) code = exit_wrong_use;
      continue;
    }
    if (loaded.ok()) tell_notes(context.console, *loaded);
    if (!loaded.ok()) {
      code = std::max(code, context.console.complain(loaded.error()));
    } else if (!loaded->plan) {
      mistakes.merge(loaded->mistakes);
    } else {
      context.console.print_line(
          fmt::format("{}: sound, plan {}", file, scenario::hash(*loaded->plan)));
    }
  }
  if (words.as_json) context.console.print_json(all);
  return mistakes.empty() ? code : complain_of_mistakes(context.console, mistakes);
}

}  // namespace

Command check_command() {
  return command<Words>(
      {.name = "check",
       .about =
           "Says whether scenarios are sound: every mistake at once, with its place and a hint.",
       .details = "Touches nothing and looks at nothing but the files. The hash that is printed is "
                  "that of the plan with seed 0; a run says its own.",
       .examples = {"squall check catalogue/*/*.yaml --targets targets.yaml"}},
      and_document_words<Words>({argument("FILE", &Words::files, "The scenarios."),
                                 flag("--json", &Words::as_json, "Says it as JSON.")}),
      execute);
}

}  // namespace squall::cli
