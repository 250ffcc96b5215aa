// How a process ended that is nobody's child here.
//
// The kernel tells only the parent, by wait(2). Everybody else must ask in time, and there are
// three places to ask, each with its own gap:
//  - the process descriptor (PIDFD_GET_INFO, Linux 6.15): knows it for good, from the moment on in
//    which the parent has waited;
//  - the body, while it is a zombie: the last column of /proc/PID/stat, for those who may trace it;
//  - the process connector, which announces every exit on the host: only in the first pid and
//    network namespace, with CAP_NET_ADMIN, and only to those who listened before.
// Together they leave no gap from Linux 6.15 on; before, one where none of the announcements can be
// had and the parent waits at once.
#pragma once

#include <map>
#include <string>

#include "core/result.h"
#include "sys/fd.h"
#include "sys/process.h"

namespace squall::sys {

struct ExitStatus {
  bool by_signal = false;
  int number = 0;  // of the signal, or the exit code
  bool dumped_core = false;
  friend bool operator==(const ExitStatus&, const ExitStatus&) = default;
};
// From the form that wait(2) has: the code in the second byte, the signal in the first.
ExitStatus parse_exit_status(int wait_status);
// "with exit code 3", "by SIGSEGV, with a core dump"
std::string describe(const ExitStatus& status);

// From the descriptor of a process that has ended. Code::not_found while its parent has not waited;
// Code::unsupported where the kernel does not tell.
Result<ExitStatus> exit_status_by_descriptor(const Fd& pidfd);
// From the body. Code::not_found when it is gone or still alive, Code::refused when this user may
// not see it.
Result<ExitStatus> exit_status_of_zombie(ProcessId id);

// Listens to the announcements of exits on this host.
class ExitListener {
 public:
  // Code::unsupported with the reason where they cannot be had.
  static Result<ExitListener> open();
  // What was announced of this process since open(), if anything. Code::not_found otherwise;
  // Code::failed when announcements were lost.
  Result<ExitStatus> status_of(std::int64_t pid);

 private:
  explicit ExitListener(Fd socket) : socket_(std::move(socket)) {}
  void drain();

  Fd socket_;
  bool has_lost_some_ = false;
  std::map<std::int64_t, int> announced_;  // the newest announcement of each process
};

// Watches one process for the way it ends, by all the means that this host has.
class ExitObserver {
 public:
  // While the process lives.
  static ExitObserver open(ProcessId id);
  // After the end. The error lists why none of the means could tell.
  Result<ExitStatus> status(const Fd& pidfd);

 private:
  ProcessId id_;
  Result<ExitListener> listener_ = error(Code::unsupported, "not needed on this kernel");
};

}  // namespace squall::sys
