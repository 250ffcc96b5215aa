#include "sys/standstill.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <map>

#include <elf.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/node.h"
#include "core/text.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/patience.h"

namespace squall::sys {
namespace {

// For one attempt: how long threads may take to stop, and after how long the slow ones are looked
// at more closely.
constexpr Duration stop_limit = milliseconds(200);
constexpr Duration look_after = microseconds(500);
constexpr Duration pause_between = microseconds(300);

// --- in the child --------------------------------------------------------------------------------

struct Thread {
  bool is_stopped = false;
  bool is_parked = false;  // in the kernel; traps before it runs code of its own again
  int signal = 0;          // that it was about to get when it stopped
};

class Tracer {
 public:
  explicit Tracer(const ProcessId& id) : id_(id) {}
  ~Tracer() { let_go(); }
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  // Every thread stands, or has ended. Threads born meanwhile are children of one that had not
  // stopped yet: the list is read until it shows nobody new.
  Status stop_all() {
    const Duration start = monotonic_now();
    while (true) {
      const bool found = TRY(seize_new());
      TRY_VOID(wait_for_stops(start));
      if (!found) return ok();
    }
  }

  Result<std::vector<StandingThread>> threads() const {
    std::vector<StandingThread> standing;
    for (const auto& [tid, thread] : threads_) {
      standing.push_back(thread.is_stopped ? TRY(registers(tid)) : TRY(parked_at(tid)));
    }
    return standing;
  }

  // Threads that are parked cannot be let go by us: the end of this process does it.
  void let_go() {
    for (const auto& [tid, thread] : threads_) {
      if (thread.is_stopped) ::ptrace(PTRACE_DETACH, tid, nullptr, thread.signal);
    }
    threads_.clear();
  }

 private:
  std::string path(std::int64_t tid, std::string_view name) const {
    return fmt::format("/proc/{}/task/{}/{}", id_.pid, tid, name);
  }
  char state_of(std::int64_t tid) const {
    const Result<std::string> stat = read_file(path(tid, "stat"));
    if (!stat.ok()) return 'X';
    const std::size_t place = stat->rfind(") ");
    return place == std::string::npos || place + 2 >= stat->size() ? '?' : (*stat)[place + 2];
  }
  bool has_ended(std::int64_t tid) const {
    const char state = state_of(tid);
    return state == 'Z' || state == 'X';
  }

  Result<bool> seize_new() {
    bool found = false;
    const Result<std::vector<std::string>> names =
        list_folder(fmt::format("/proc/{}/task", id_.pid));
    if (!names.ok()) return error(Code::not_found, fmt::format("process {} is gone", id_.pid));
    for (const std::string& name : *names) {
      std::int64_t tid = 0;
      std::from_chars(name.data(), name.data() + name.size(), tid);
      if (threads_.contains(tid)) continue;
      if (::ptrace(PTRACE_SEIZE, tid, nullptr, nullptr) != 0) {
        const int problem = errno;
        if (problem == ESRCH || has_ended(tid)) continue;
        TRY_VOID(check_untraced(id_.pid));
        return errno_error(problem, fmt::format("tracing thread {} of process {}", tid, id_.pid))
            .advise("run squall as root; kernel.yama.ptrace_scope=3 forbids it to everybody");
      }
      threads_[tid] = {};
      ::ptrace(PTRACE_INTERRUPT, tid, nullptr, nullptr);
      found = true;
    }
    return found;
  }

  Status wait_for_stops(Duration start) {
    while (true) {
      const Duration spent = monotonic_now() - start;
      bool is_waiting = false;
      for (auto thread = threads_.begin(); thread != threads_.end();) {
        if (!update(thread->first, thread->second, spent > look_after)) {
          thread = threads_.erase(thread);
          continue;
        }
        is_waiting |= !thread->second.is_stopped && !thread->second.is_parked;
        ++thread;
      }
      if (!is_waiting) return ok();
      if (spent > stop_limit) {
        return error(Code::timed_out, fmt::format("process {} has a thread that does not stop "
                                                  "within {}",
                                                  id_.pid, render(stop_limit)));
      }
      sleep_until(monotonic_now() + microseconds(20));
    }
  }

  // False when the thread has ended.
  bool update(std::int64_t tid, Thread& thread, bool closely) const {
    if (thread.is_stopped) return true;
    int status = 0;
    const pid_t got = ::waitpid(static_cast<pid_t>(tid), &status, __WALL | WNOHANG);
    if (got < 0 || (got > 0 && !WIFSTOPPED(status))) return false;
    if (got > 0) {
      thread.is_stopped = true;
      const bool is_delivery = (status >> 16) == 0;
      thread.signal = is_delivery ? WSTOPSIG(status) : 0;
      return true;
    }
    if (!closely) return true;
    const char state = state_of(tid);
    thread.is_parked = state == 'D';
    return state != 'Z' && state != 'X';
  }

  Result<StandingThread> registers(std::int64_t tid) const {
#if defined(__x86_64__)
    user_regs_struct all{};
    iovec place{&all, sizeof all};
    if (::ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &place) != 0) {
      return errno_error(errno, fmt::format("reading the registers of thread {}", tid));
    }
    if (place.iov_len != sizeof all) {
      return error(Code::unsupported, fmt::format("process {} is a 32-bit program", id_.pid));
    }
    return StandingThread{tid, all.rip, all.rsp};
#else
    return error(Code::unsupported, fmt::format("the registers of thread {} cannot be read on this "
                                                "processor",
                                                tid));
#endif
  }

  // "0 0x3 0x7f.. ... SP PC" of a thread that is blocked, "-1 SP PC" outside a call.
  Result<StandingThread> parked_at(std::int64_t tid) const {
    const std::string text = TRY(read_file(path(tid, "syscall")));
    const std::vector<std::string> words = split(trim(text), ' ');
    std::array<std::uint64_t, 2> values{};
    for (std::size_t i = 0; i < 2 && words.size() >= 3; ++i) {
      const std::string_view word = words[words.size() - 2 + i];
      std::from_chars(word.data() + 2, word.data() + word.size(), values[i], 16);
    }
    if (values[1] == 0) {
      return error(Code::timed_out, fmt::format("thread {} does not stop and does not show where "
                                                "it is",
                                                tid));
    }
    return StandingThread{tid, values[1], values[0]};
  }

  ProcessId id_;
  std::map<std::int64_t, Thread> threads_;
};

using Work = std::function<Result<Pass>(const Standstill&)>;

struct Outcome {
  Pass pass = Pass::again;
  Duration stood;
};

// `stopped` tells whether the threads stood at all.
Result<Outcome> attempt(const ProcessId& id, const Work& work, bool& stopped) {
  use_precise_timers();
  // On a busy host nobody else should run while the victim waits. Not everybody may ask for that.
  const sched_param lowest{.sched_priority = 1};
  static_cast<void>(::sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &lowest) == 0);
  const Duration start = monotonic_now();
  Tracer tracer(id);
  TRY_VOID(tracer.stop_all());
  stopped = true;
  // Held by ptrace, the number cannot be given to another process any more.
  const Result<Process> process = read_process(id.pid);
  if (!process.ok() || process->id != id) {
    return error(Code::not_found, fmt::format("process {} is gone", id.pid));
  }
  Fd memory = TRY(open_file(fmt::format("/proc/{}/mem", id.pid), O_RDWR));
  const Standstill standstill(TRY(tracer.threads()), std::move(memory));
  const Pass pass = TRY(work(standstill));
  tracer.let_go();
  return Outcome{pass, monotonic_now() - start};
}

[[noreturn]] void be_child(pid_t parent, const Fd& answer, const ProcessId& id, const Work& work) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  bool stopped = false;
  const Result<Outcome> done = attempt(id, work, stopped);
  json::object text{{"stopped", stopped}};
  if (done.ok()) {
    text["again"] = done->pass == Pass::again;
    text["stood_ns"] = done->stood.nanoseconds;
  } else {
    text["code"] = code_name(done.error().code);
    text["message"] = done.error().render();
    text["next"] = done.error().next;
  }
  static_cast<void>(write_all(answer, compact_json(text)).ok());
  ::_exit(0);
}

// --- in the parent -------------------------------------------------------------------------------

std::string read_answer(const Fd& answer, Patience& patience) {
  std::string text;
  std::array<char, 4096> part{};
  while (patience.wait_for(answer.get(), POLLIN) == Patience::End::ready) {
    const ssize_t got = ::read(answer.get(), part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    text.append(part.data(), static_cast<std::size_t>(got));
  }
  return text;
}

struct Answer {
  bool stopped = false;
  Result<Outcome> outcome;
};

Answer understand(const std::string& text) {
  const Result<json::value> parsed = parse_json(text);
  if (!parsed.ok() || !parsed->is_object()) {
    return {true, error(Code::failed, "the process that was to trace the victim did not finish")};
  }
  const json::object& answer = parsed->get_object();
  const bool stopped = bool_at(answer, "stopped");
  if (answer.contains("code")) {
    return {stopped, error(code_from_name(text_at(answer, "code")), text_at(answer, "message"),
                           text_at(answer, "next"))};
  }
  return {stopped, Outcome{bool_at(answer, "again") ? Pass::again : Pass::done,
                           nanoseconds(integer_at(answer, "stood_ns"))}};
}

Result<Answer> attempt_in_child(const ProcessId& id, const Work& work) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return errno_error(errno, "making a pipe");
  Fd read_end(ends[0]);
  Fd write_end(ends[1]);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) return errno_error(errno, "starting the process that traces");
  if (child == 0) be_child(parent, write_end, id, work);
  write_end.reset();
  Patience patience(stop_limit * 3);
  const std::string text = read_answer(read_end, patience);
  ::kill(child, SIGKILL);  // it has answered, or hangs
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  return understand(text);
}

}  // namespace

Result<std::string> Standstill::read(std::uint64_t address, std::size_t count) const {
  std::string bytes(count, '\0');
  const ssize_t got = ::pread(memory_.get(), bytes.data(), count, static_cast<off_t>(address));
  if (got <= 0) return errno_error(got < 0 ? errno : EFAULT, "reading the memory of a process");
  bytes.resize(static_cast<std::size_t>(got));
  return bytes;
}

Status Standstill::write(std::uint64_t address, std::string_view bytes) const {
  const ssize_t done =
      ::pwrite(memory_.get(), bytes.data(), bytes.size(), static_cast<off_t>(address));
  if (done == static_cast<ssize_t>(bytes.size())) return ok();
  return errno_error(done < 0 ? errno : EFAULT, "writing the memory of a process");
}

Result<Duration> stand_still(const ProcessId& id, Duration limit, std::string_view busy,
                             const Work& work) {
  const Duration deadline = monotonic_now() + limit;
  while (true) {
    if (!is_alive(id)) return error(Code::not_found, fmt::format("process {} is gone", id.pid));
    const Answer answer = TRY(attempt_in_child(id, work));
    const Result<Outcome>& done = answer.outcome;
    if (done.ok() && done->pass == Pass::done) return done->stood;
    // The tracer in the way may be one of ours that is just dying with its guardian.
    const bool may_pass = done.ok() || (!answer.stopped && (done.error().code == Code::conflict ||
                                                            done.error().code == Code::timed_out));
    if (!may_pass || monotonic_now() >= deadline) {
      if (!done.ok()) return Error(done.error());
      return error(Code::timed_out, fmt::format("process {} {}", id.pid, busy));
    }
    sleep_until(monotonic_now() + pause_between);
  }
}

Status check_untraced(std::int64_t pid) {
  const Result<std::string> status = read_file(fmt::format("/proc/{}/status", pid));
  if (!status.ok()) return error(Code::not_found, fmt::format("process {} is gone", pid));
  constexpr std::string_view key = "TracerPid:";
  for (const std::string& line : split(*status, '\n')) {
    if (!line.starts_with(key)) continue;
    const std::string tracer(trim(std::string_view(line).substr(key.size())));
    if (tracer == "0") return ok();
    const Result<std::string> name = read_file(fmt::format("/proc/{}/comm", tracer));
    return error(Code::conflict,
                 fmt::format("process {} is being traced by {} (pid {})", pid,
                             name.ok() ? printable(trim(*name)) : "another process", tracer),
                 "detach the debugger or strace first");
  }
  return ok();
}

}  // namespace squall::sys
