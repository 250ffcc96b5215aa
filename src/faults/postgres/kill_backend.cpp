// postgres.kill_backend: one process of a PostgreSQL dies of SIGKILL, as when the kernel's
// out-of-memory killer picks it.
//
// The server cannot know what that process had half-written in shared memory, so it ends all
// sessions, replays its log, and takes connections again: one query kills everybody's. Whether that
// is over in time is what is tested.
#include <algorithm>
#include <array>
#include <csignal>
#include <iterator>

#include <fmt/core.h>

#include "faults/needs.h"
#include "faults/typed.h"
#include "faults/victims.h"
#include "param/selector_codec.h"

namespace squall::fault {
namespace {

struct KillBackend {
  Selector select;
};

const param::Table<KillBackend> table{{
    param::field("select", &KillBackend::select,
                 {.about = "Which sessions: their processes are called \"postgres: USER DATABASE "
                           "ADDRESS STATE\", so command_line: \"postgres: shop\" chooses by user.",
                  .required = true}),
}};

std::vector<sys::Need> needs(const sys::HostFacts& host) {
  return {need_process_descriptors(host),
          note("the right to signal the victim: its owner, or CAP_KILL")};
}

// The processes of a server that serve no client: killing one of them is another fault.
bool is_session(const sys::Process& process) {
  if (!process.command_line.starts_with("postgres: ")) return false;
  constexpr std::array<std::string_view, 12> others = {
      "archiver", "autovacuum", "background", "checkpointer", "logger",    "logical",
      "parallel", "startup",    "stats",      "walreceiver",  "walsender", "walwriter"};
  // "postgres: 15/main: user ..." where a cluster has a name.
  const std::string text = process.command_line.substr(10);
  const std::size_t colon = text.find(": ");
  const std::string words = colon == std::string::npos ? text : text.substr(colon + 2);
  return std::none_of(others.begin(), others.end(),
                      [&](std::string_view other) { return words.starts_with(other); });
}

Wants wants(const KillBackend& kill) {
  Wants wants{.victims = kill.select};
  wants.victims->pick = "all";  // one is chosen from the sessions among them
  return wants;
}

Result<Strike> plan(const KillBackend& kill, const Facts& facts, const Choices& choices,
                    std::uint64_t ordinal) {
  std::vector<sys::Process> sessions;
  std::copy_if(facts.victims.begin(), facts.victims.end(), std::back_inserter(sessions),
               is_session);
  if (sessions.empty()) {
    return error(
        Code::not_found,
        fmt::format("no process of a PostgreSQL session matches {}", describe(kill.select)),
        "ps -C postgres -o args shows them; a client must be connected");
  }
  const std::vector<std::size_t> chosen = choices.pick(choice_names(sessions), 1, ordinal);
  const sys::Process& victim = sessions[chosen.front()];
  json::object request = identity(victim);
  const json::object watch = request;
  request["signal"] = SIGKILL;
  return Strike{.changes = {{"process.signal", std::move(request)}},
                .watches = {{"process.ended", watch}},
                .target = describe(std::vector{victim})};
}

}  // namespace

extern const Kind kind_postgres_kill_backend;
const Kind kind_postgres_kill_backend = kind_of<KillBackend>({
    .name = "postgres.kill_backend",
    .summary = "One session's process dies, and the whole server recovers from it.",
    .mechanism =
        "One of the processes that serve a client, chosen by the seed, is sent SIGKILL through its "
        "process descriptor (pidfd). The server ends all others, replays its log and takes "
        "connections again, by itself.",
    .undo =
        "Nothing is undone by squall; the server recovers by itself, or does not: a check with the "
        "probe sql tells. If squall dies right after, that goes on all the same.",
    .limits =
        "All sessions of the server are lost, not only the one. How long the recovery takes "
        "depends on what was written since the last checkpoint. With restart_after_crash off the "
        "server stays down. For one session alone use postgres.drop_connections.",
    .lasting = Lasting::instant,
    .irreversible = "every session of the server is ended, with what it had not committed",
    .example = R"({"select": {"command_line": "postgres: shop"}})",
    .table = &table,
    .needs = needs,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
