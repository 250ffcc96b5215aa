// command.run: whatever a command of the user's own does to the victim, and another one undoes.
//
// For faults that squall does not have: a relay that cuts the power, a router's own tool, a flag in
// a feature store. The price is that squall cannot check the undo command; it can only run it in
// every case, look whether the effect is gone, and say so if it is not.
#include <algorithm>

#include <fmt/core.h>

#include "core/text.h"
#include "faults/needs.h"
#include "faults/typed.h"

namespace squall::fault {
namespace {

struct Run {
  std::vector<std::string> apply;
  std::vector<std::string> undo;
  std::vector<std::string> witness;
  std::string user;
  Duration limit = seconds(2);
};

const param::Table<Run> table{{
    param::field(
        "apply", &Run::apply,
        {.about = "The program that makes the fault, and its arguments.", .required = true}),
    param::field(
        "undo", &Run::undo,
        {.about = "The program that takes it back. It must be right whenever it runs: also "
                  "if `apply` never ran, ran half, or was undone already.",
         .required = true}),
    param::field(
        "witness", &Run::witness,
        {.about = "A program that ends with 0 while the fault can be seen, and with another "
                  "code below 126 while not.",
         .required = true}),
    param::field("user", &Run::user,
                 {.about = "The user that runs all three; empty for the one squall runs as."}),
    param::field("limit", &Run::limit,
                 {.about = "How long each may take before it is killed.",
                  .min = milliseconds(10),
                  .max = seconds(5)}),
}};

std::vector<sys::Need> needs(const sys::HostFacts& host) {
  std::vector<sys::Need> all{note("programs that nobody but root and squall's user can write to")};
  if (host.is_root) all.push_back(note("setpriv (util-linux), where a `user` is given"));
  return all;
}

Status check(const Run& run) {
  const std::vector<std::pair<std::string_view, const std::vector<std::string>*>> all{
      {"apply", &run.apply}, {"undo", &run.undo}, {"witness", &run.witness}};
  for (const auto& [name, argv] : all) {
    const bool is_empty = argv->empty() || argv->front().empty();
    const bool has_nul = std::any_of(argv->begin(), argv->end(), [](const std::string& word) {
      return word.find('\0') != std::string::npos;
    });
    if (!is_empty && !has_nul) continue;
    return error(Code::invalid,
                 fmt::format("{}: {}", name,
                             is_empty ? "it names no program" : "an argument holds a NUL byte"),
                 "write a list: [/usr/local/sbin/relay, \"off\", \"3\"]");
  }
  return ok();
}

Wants wants(const Run&) {
  return {};
}

Result<Strike> plan(const Run& run, const Facts&, const Choices&, std::uint64_t) {
  const auto list = [](const std::vector<std::string>& argv) {
    json::array words;
    for (const std::string& word : argv) words.push_back(json::string(word));
    return words;
  };
  const json::string limit(render(run.limit));
  const json::string user(run.user);
  Strike strike;
  strike.changes.push_back({"command",
                            {{"apply", list(run.apply)},
                             {"undo", list(run.undo)},
                             {"look", list(run.witness)},
                             {"user", user},
                             {"limit", limit}}});
  strike.watches.push_back(
      {"command.answers", {{"argv", list(run.witness)}, {"user", user}, {"limit", limit}}});
  strike.target = fmt::format("what {} acts on", printable(run.apply.front()));
  return strike;
}

}  // namespace

extern const Kind kind_command_run;
const Kind kind_command_run = kind_of<Run>({
    .name = "command.run",
    .summary = "A command of your own makes the fault, another one undoes it, a third one sees it.",
    .mechanism =
        "The guardian runs `apply` with exactly the arguments given: no shell, no input, the "
        "folder "
        "/, and an environment of PATH, HOME, LANG, TMPDIR, USER and SQUALL_COMMAND. Exit code 0 "
        "means done. At the time limit it is killed with all that it started. Nothing is run by "
        "`squall check` and `squall explain`.",
    .undo =
        "First every process is ended that still has SQUALL_COMMAND of this fault in its "
        "environment, also one that `apply` left running on purpose; then `undo` is run, again and "
        "again until it ends with 0 and `witness` no longer ends with 0. All three commands are in "
        "the journal before `apply` runs: if squall dies, the guardian, its twin or the next start "
        "of squall runs `undo`, also after a reboot. So `undo` MUST be right whenever it runs.",
    .limits =
        "squall undoes no more than your `undo` does. While a command runs the guardian does "
        "nothing else, which delays the undo of other faults by up to the limit: keep commands "
        "short. A program which others than root and squall's user can write to is refused. The "
        "commands run with the rights of squall unless `user` is given. `allow_commands no` in "
        "the guardian's policy forbids this kind.",
    .example = R"({"apply": ["/usr/bin/touch", "/run/example.maintenance"],
                   "undo": ["/usr/bin/rm", "-f", "/run/example.maintenance"],
                   "witness": ["/usr/bin/test", "-e", "/run/example.maintenance"]})",
    .table = &table,
    .needs = needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
