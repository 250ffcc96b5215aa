// squall ledger verify: is every run on record still as it was written?
#include "ledger/ledger.h"

#include <fmt/core.h>

#include "cli/commands.h"
#include "cli/places.h"
#include "core/text.h"
#include "engine/words.h"

namespace squall::cli {
namespace {

struct Words {
  std::string state;
  bool as_json = false;
};

json::object to_json(const ledger::Verification& verification) {
  json::array notes;
  for (const std::string& note : verification.notes) notes.push_back(json::string(note));
  json::value damage = nullptr;
  if (verification.damage) {
    damage = {{"row", verification.damage->row},
              {"run", verification.damage->run},
              {"field", verification.damage->field},
              {"message", verification.damage->message}};
  }
  return {{"sound", !verification.damage.has_value()},
          {"rows", verification.rows},
          {"damage", std::move(damage)},
          {"notes", std::move(notes)}};
}

// No ledger is as it should be where nothing was run, and only there.
Error say_missing(const std::string& state) {
  const auto count = static_cast<std::int64_t>(list_run_folders(state).size());
  const std::string what = fmt::format("there is no ledger in {}", printable(state));
  if (count == 0) {
    return error(Code::not_found, what,
                 "nothing was run with this state folder yet; name another one with --state DIR");
  }
  return error(Code::not_found,
               fmt::format("{}, but the timelines of {}", what, engine::say_count(count, "run")),
               "they were run with --no-ledger, or did not end, or somebody took the ledger away: "
               "then bring it back from a copy");
}

int verify(const Words& words, const Context& context) {
  const Console& console = context.console;
  const std::string state = state_folder(words.state);
  if (const Status seen = check_can_look_into(state); !seen.ok()) {
    return console.complain(seen.error());
  }
  const Result<ledger::Verification> verification = ledger::verify_sqlite(ledger_path(state));
  if (!verification.ok() && verification.error().code == Code::not_found) {
    return console.complain(say_missing(state));
  }
  if (!verification.ok()) return console.complain(verification.error());
  const bool is_sound = !verification->damage;
  if (words.as_json) {
    console.print_json(to_json(*verification));
    return is_sound ? exit_held : exit_refuted;
  }
  for (const std::string& note : verification->notes) {
    console.print_line("note: " + printable(note));
  }
  if (is_sound) {
    console.print_line(fmt::format("{}: {}, every one as it was written", ledger_path(state),
                                   engine::say_count(verification->rows, "run")));
    return exit_held;
  }
  console.print_line(paint(console.style(), Colour::bad, "damaged: ") +
                     printable(verification->damage->message));
  console.print_line(
      "keep the file as it is, and compare it with a copy; later runs are not "
      "looked at");
  return exit_refuted;
}

}  // namespace

Command ledger_command() {
  return {.name = "ledger",
          .about = "Looks after the record of all runs.",
          .children = {command<Words>(
              {.name = "verify",
               .about = "Recomputes every hash, and names the first thing that was changed.",
               .details = "Ends with 0 when all is as it was written, with 1 when it is not."},
              {option("--state", "DIR", &Words::state, state_about),
               flag("--json", &Words::as_json, "Says it as JSON.")},
              verify)}};
}

}  // namespace squall::cli
