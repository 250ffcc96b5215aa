#include "guardian/guardian.h"

#include <csignal>
#include <cstdio>

#include <fmt/core.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/text.h"
#include "guardian/server.h"
#include "guardian/state.h"
#include "sys/clock.h"
#include "sys/file.h"

namespace squall::guardian {
namespace {

constexpr Duration takeover_limit = seconds(3);

void tell_ready(int fd, const std::string& line) {
  if (fd < 0) return;
  const sys::Fd owned(fd);
  static_cast<void>(sys::write_all(owned, line + "\n").ok());
}

// Being undisturbed by the load that it keeps in force is part of the guardian's work: it runs
// before every ordinary process, at the lowest real-time priority, and hands neither that nor a
// better nice value on to its children. It sleeps nearly always, and the kernel keeps a share of
// each CPU from real-time tasks.
void keep_responsive() {
  ::setpriority(PRIO_PROCESS, 0, -10);  // for hosts that refuse the next line; both need privilege
  const sched_param lowest{.sched_priority = 1};
  ::sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &lowest);
  sys::use_precise_timers();
  for (const int signal : {SIGPIPE, SIGHUP, SIGINT, SIGTERM}) ::signal(signal, SIG_IGN);
}

struct Prepared {
  sys::Fd lock;
  std::unique_ptr<Server> server;
};

Result<Prepared> prepare(const Options& options) {
  TRY_VOID(prepare_state_folder(options.state_folder));
  Prepared prepared;
  prepared.lock = TRY(take_state_lock(options.state_folder, takeover_limit));
  Policy policy = TRY(read_policy(options.policy_file));
  change::Journal::Opened journal = TRY(change::Journal::open(options.state_folder));
  prepared.server = std::make_unique<Server>(options, std::move(policy), std::move(journal));
  prepared.server->replay();
  return prepared;
}

// Told once: then the journal begins anew, and runs are possible again.
Error tell_loss(change::Executor& executor, const std::vector<std::string>& lines) {
  Status accepted = executor.accept_loss();
  std::string told =
      "the journal lost records; something may still be in force that squall cannot undo:\n" +
      join(lines, "\n");
  if (!accepted.ok()) told += "\n" + accepted.error().render();
  return error(Code::failed, std::move(told),
               "look at the host yourself; what is left of the damaged files lies beside the "
               "journal as journal*.damaged-*");
}

}  // namespace

int serve(const Options& options) {
  keep_responsive();
  Result<Prepared> prepared = prepare(options);
  Status listening = prepared.ok() ? prepared->server->listen() : Status(Error(prepared.error()));
  if (listening.ok()) listening = prepared->server->start_twin();
  if (!listening.ok()) {
    const Error& problem = listening.error();
    tell_ready(options.ready_fd, fmt::format("{} {}", code_name(problem.code), problem.render()));
    std::fprintf(stderr, "%s\n", problem.render().c_str());
    return 1;
  }
  tell_ready(options.ready_fd, "ready");
  return prepared->server->run();
}

Result<std::vector<std::string>> recover(const Options& options) {
  TRY_VOID(prepare_state_folder(options.state_folder));
  const sys::Fd lock = TRY(take_state_lock(options.state_folder, takeover_limit));
  change::Executor executor(TRY(change::Journal::open(options.state_folder)), *options.kinds,
                            options.observer);
  std::vector<std::string> lines = executor.journal_notes();
  std::string failures;
  for (const auto& [id, reverted] : executor.revert_all()) {
    if (reverted.ok()) {
      lines.push_back(fmt::format("{}: {}{}{}", id, change::ending_name(reverted->ending),
                                  reverted->detail.empty() ? "" : ", ", reverted->detail));
    } else {
      failures += fmt::format("{}: {}\n", id, reverted.error().render());
    }
  }
  if (!failures.empty()) {
    return error(Code::failed, "not everything could be undone:\n" + failures,
                 "put it right by hand, or free what blocks it and run squall recover again");
  }
  if (!executor.journal_is_whole()) return tell_loss(executor, lines);
  return lines;
}

}  // namespace squall::guardian
