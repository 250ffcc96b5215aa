// A moment in which no thread of another process runs, so that what it executes can be exchanged
// under it.
//
// A short-lived child of ours attaches to every thread by ptrace(2) (SEIZE and INTERRUPT, which
// leave no trace of a signal), does the work, and ends. The kernel lets go of all threads when the
// child is gone, whatever it died of, and the child dies with us: the victim is never left
// standing. A thread that is stuck in the kernel (state D) is not waited for: the interruption is
// pending, so it cannot come back to its own code before it is let go.
//
// What the victim may notice: a thread that waits in epoll_wait(2) and a few other calls gets
// EINTR, as after SIGSTOP and SIGCONT (signal(7)).
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/duration.h"
#include "core/result.h"
#include "sys/process.h"

namespace squall::sys {

struct StandingThread {
  std::int64_t id = 0;
  std::uint64_t instruction = 0;  // address of the next one in user space
  std::uint64_t stack = 0;        // stack pointer in user space
};

// The process as the work sees it.
class Standstill {
 public:
  Standstill(std::vector<StandingThread> threads, Fd memory)
      : threads_(std::move(threads)), memory_(std::move(memory)) {}
  const std::vector<StandingThread>& threads() const { return threads_; }
  // Up to `count` bytes; fewer where the mapping ends. Code::failed when nothing is mapped there.
  Result<std::string> read(std::uint64_t address, std::size_t count) const;
  // Goes through read-only mappings as well; shared pages are copied first.
  Status write(std::uint64_t address, std::string_view bytes) const;

 private:
  std::vector<StandingThread> threads_;
  Fd memory_;  // /proc/PID/mem
};

enum class Pass {
  done,
  again,  // the threads stand badly for this work: let them run on and stop them anew
};

// Runs `work` while the process stands still, again and again until it is done or the limit is
// over. `work` runs in the child: what it changes in our memory is lost. Returns how long the
// process stood still the last time.
// Errors: those of the work; Code::not_found when the process is gone; Code::conflict when another
// tracer holds it; Code::refused; Code::timed_out, with `busy` as the reason when the work always
// asked for another pass. Call from a process with one thread only.
Result<Duration> stand_still(const ProcessId& id, Duration limit, std::string_view busy,
                             const std::function<Result<Pass>(const Standstill&)>& work);

// Code::conflict with the name of the tracer (a debugger, strace) when the process has one.
Status check_untraced(std::int64_t pid);

}  // namespace squall::sys
