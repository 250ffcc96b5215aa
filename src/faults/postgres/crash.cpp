// postgres.crash: a PostgreSQL dies as a whole, as when its machine loses power or its first
// process is killed.
//
// The first process (the postmaster) gets SIGKILL; the others notice and end. Whoever supervises it
// must start it again, and it must recover from its log. Whether it does, and that nothing that was
// committed is lost, is for checks with the probe sql to say.
#include <csignal>

#include <fmt/core.h>

#include "core/text.h"
#include "faults/needs.h"
#include "faults/typed.h"
#include "faults/victims.h"

namespace squall::fault {
namespace {

struct Crash {
  std::string data_folder;
};

const param::Table<Crash> table{{
    param::field("data_folder", &Crash::data_folder,
                 {.about = "The server's data folder, whose postmaster.pid names its process.",
                  .required = true}),
}};

std::vector<sys::Need> needs(const sys::HostFacts& host) {
  return {need_process_descriptors(host),
          note("the right to signal the server: its owner, or CAP_KILL; and a supervisor that "
               "starts it again")};
}

Status check(const Crash& crash) {
  if (crash.data_folder.starts_with('/')) return ok();
  return error(Code::invalid,
               fmt::format("data_folder: {} is no absolute path", quote(crash.data_folder)),
               "SHOW data_directory tells it: /var/lib/postgresql/15/main");
}

Wants wants(const Crash& crash) {
  // A stale file may name a process that got the number since, so the name must fit too.
  return {.victims =
              Selector{.name = "postgres", .pid_file = crash.data_folder + "/postmaster.pid"}};
}

Result<Strike> plan(const Crash& crash, const Facts& facts, const Choices&, std::uint64_t) {
  if (facts.victims.size() != 1) {
    return error(Code::not_found, fmt::format("no PostgreSQL runs in {}", quote(crash.data_folder)),
                 "look whether it is started, whether this is its data folder, and whether its "
                 "postmaster.pid is left over from an earlier crash");
  }
  const sys::Process& victim = facts.victims.front();
  if (victim.command_line.starts_with("postgres: ")) {
    return error(Code::refused,
                 fmt::format("process {} is not the first of its PostgreSQL", victim.id.pid),
                 "the postmaster.pid there is left over from an earlier crash");
  }
  json::object request = identity(victim);
  const json::object watch = request;
  request["signal"] = SIGKILL;
  return Strike{.changes = {{"process.signal", std::move(request)}},
                .watches = {{"process.ended", watch}},
                .target = describe(facts.victims)};
}

}  // namespace

extern const Kind kind_postgres_crash;
const Kind kind_postgres_crash = kind_of<Crash>({
    .name = "postgres.crash",
    .summary = "A PostgreSQL dies as a whole, in the middle of everything.",
    .mechanism =
        "The postmaster, named by postmaster.pid and known as such by its name, is sent SIGKILL "
        "through its process descriptor (pidfd). Its other processes notice within moments and "
        "end without a checkpoint.",
    .undo =
        "Nothing is undone by squall: a supervisor must start the server, which replays its log. "
        "Committed transactions are kept by the server (fsync, synchronous_commit); others are "
        "not.",
    .limits =
        "It kills processes, not the machine: what the kernel has in its cache is kept, so a "
        "server that lies about fsync is not found out. Processes that hold shared memory for a "
        "moment longer can make the first attempts to start it again fail.",
    .lasting = Lasting::instant,
    .irreversible = "a server that has died must be started anew, and what was not committed is "
                    "lost",
    .example = R"({"data_folder": "/var/lib/postgresql/15/main"})",
    .table = &table,
    .needs = needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
