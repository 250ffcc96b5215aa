// command: the user's own fault, made by one command and undone by another.
//
// Argument lists, no shell. Each command has a time limit and a small environment, and may run as
// another user; what it writes is kept only to say why it failed. Programs that others could
// exchange are refused before anything runs.
//
// Journaled: what undoes it is on record before apply runs. The undo command must be idempotent,
// and right if apply never ran or ran half, which only its author can see to: it is run in all
// these cases. Before it, whatever the commands left running is ended, so that a half-done apply of
// a squall that died cannot go on behind the back of its undo: their processes are known by a
// variable in their environment. A third command, the look, tells whether the effect is there: its
// exit code 0 means yes.
#include <algorithm>

#include <fmt/core.h>

#include "change/typed.h"
#include "core/digest.h"
#include "core/text.h"
#include "sys/program.h"

namespace squall::change {
namespace {

struct OwnCommand {
  std::vector<std::string> apply;
  std::vector<std::string> undo;
  std::vector<std::string> look;
  std::string user;
  Duration limit = seconds(2);
};

const param::Table<OwnCommand> table{{
    param::field(
        "apply", &OwnCommand::apply,
        {.about = "The program that makes the fault, and its arguments.", .required = true}),
    param::field(
        "undo", &OwnCommand::undo,
        {.about = "The program that takes it back. Also run when apply never ran, ran half, "
                  "or was undone before.",
         .required = true}),
    param::field(
        "look", &OwnCommand::look,
        {.about = "The program that ends with 0 while the fault is there.", .required = true}),
    param::field("user", &OwnCommand::user, {.about = "Who runs them; empty for squall's own."}),
    param::field("limit", &OwnCommand::limit,
                 {.about = "How long each may take. Meanwhile the guardian does nothing else.",
                  .min = milliseconds(10),
                  .max = seconds(5)}),
}};

constexpr const char* mark_name = "SQUALL_COMMAND";
constexpr std::size_t shown_text = 200;

std::string mark_of(const OwnCommand& params) {
  return sha256_hex(canonical_json(table.to_json(params))).substr(0, 24);
}

std::string in_words(const std::vector<std::string>& argv) {
  std::string text;
  for (const std::string& word : argv) {
    const bool is_plain = !word.empty() && word.find_first_of(" \t\n\"'") == std::string::npos;
    text += (text.empty() ? "" : " ") + (is_plain ? printable(word) : quote(word));
  }
  return text.size() <= shown_text ? text : text.substr(0, shown_text) + "...";
}

std::string last_line(std::string_view text) {
  const std::string_view whole = trim(text);
  const std::string line = printable(whole.substr(whole.rfind('\n') + 1));
  return line.size() <= shown_text ? line : line.substr(0, shown_text) + "...";
}

// Real paths of the three programs, as they were found to be trustworthy.
Result<std::vector<std::string>> programs(const OwnCommand& params) {
  std::vector<std::string> found;
  for (const auto* argv : {&params.apply, &params.undo, &params.look}) {
    if (argv->empty()) {
      return error(Code::invalid, "a command needs at least the name of a program");
    }
    found.push_back(TRY(sys::find_trusted_program(argv->front(), params.user)));
  }
  return found;
}

Result<sys::CommandResult> run(const OwnCommand& params, std::vector<std::string> argv) {
  argv.front() = TRY(sys::find_trusted_program(argv.front(), params.user));
  sys::Command command{.argv = std::move(argv),
                       .directory = "/",
                       .environment = {{mark_name, mark_of(params)}},
                       .output_limit = {4 << 10}};
  command = TRY(sys::as_user(std::move(command), params.user));
  sys::Patience patience(params.limit);
  return sys::run_command(command, patience);
}

// Runs a command that must end with 0.
Status run_well(const OwnCommand& params, const std::vector<std::string>& argv) {
  using End = sys::CommandResult::End;
  const sys::CommandResult result = TRY(run(params, argv));
  if (result.end == End::exited && result.exit_code == 0) return ok();
  const std::string said = last_line(result.error_output + "\n" + result.output);
  std::string how = fmt::format("ended with {}", result.exit_code);
  if (result.end == End::killed) {
    how = fmt::format("was killed by {}", sys::signal_name(result.signal));
  } else if (result.end != End::exited) {
    how = fmt::format("did not end within {} and was killed", squall::render(params.limit));
  }
  return error(result.end == End::timed_out ? Code::timed_out : Code::failed,
               fmt::format("{} {}{}{}", in_words(argv), how, said.empty() ? "" : ": ", said));
}

// A look that could not be taken says neither yes nor no: a program that is missing for its shell
// (126, 127), was killed or took too long.
Result<bool> look(const OwnCommand& params) {
  const sys::CommandResult result = TRY(run(params, params.look), "looking");
  if (result.end == sys::CommandResult::End::exited && result.exit_code < 126) {
    return result.exit_code == 0;
  }
  return error(Code::failed, fmt::format("{} could not look: {}", in_words(params.look),
                                         last_line(result.error_output)));
}

Result<Footprint> footprint(const OwnCommand& params) {
  Footprint footprint{.resources = {"command " + mark_of(params)}};
  footprint.programs = TRY(programs(params));
  footprint.demand.processes = 1;
  return footprint;
}

Result<json::object> capture(const OwnCommand& params) {
  TRY_VOID(programs(params));
  if (TRY(look(params))) {
    return error(Code::conflict,
                 fmt::format("the effect is there already: {} ends with 0", in_words(params.look)),
                 "undo it first, or look for something that tells the two states apart");
  }
  return json::object{};
}

Result<json::object> apply(const OwnCommand& params, const json::object&) {
  TRY_VOID(run_well(params, params.apply));
  return json::object{};
}

Result<Presence> verify(const OwnCommand& params, const json::object&) {
  return TRY(look(params))
  ? Presence::in_force : Presence::absent;
}

Result<Reverted> revert(const OwnCommand& params, const json::object&) {
  TRY_VOID(sys::kill_bearers(mark_name, mark_of(params)));
  const Result<bool> was_there = look(params);
  TRY_VOID(run_well(params, params.undo), "undoing");
  TRY_VOID(was_there);
  return *was_there ? Reverted{Ending::restored, ""}
                    : Reverted{Ending::was_absent, "the undo command was run all the same"};
}

std::string describe(const OwnCommand& params) {
  return "run: " + in_words(params.apply);
}

std::string undo(const OwnCommand& params) {
  return fmt::format("run: {}; it is expected to be right whenever it runs", in_words(params.undo));
}

}  // namespace

extern const Kind kind_command;
const Kind kind_command = make_kind<OwnCommand>({
    .name = "command",
    .about = "What a command of the user's own does, and another one undoes.",
    .keeping = Keeping::journaled,
    .survives_reboot = true,  // nobody knows what it did
    .table = &table,
    .footprint = footprint,
    .capture = capture,
    .apply = apply,
    .verify = verify,
    .revert = revert,
    .describe = describe,
    .undo = undo,
});

}  // namespace squall::change
