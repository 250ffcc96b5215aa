// process.signalled: sees whether a signal has reached one process.
//
// What a signal leaves behind depends on what the process does with it, so the witness looks where
// it must show:
//  - handled, or deadly by default: the kernel passes the tracepoint signal_deliver in a thread of
//    the process, at the instant when it acts on the signal;
//  - blocked: it stands in the mask of pending signals of /proc/PID/status until the process takes
//    it. One that takes its signals from a queue (signalfd, sigwait) may be faster than a look, so
//    the tracepoint signal_generate, at which the kernel queues it, counts too. That works where
//    the kernel knows the process by the same number as we do: in the first pid namespace;
//  - a deadly one where the tracepoint cannot be had: the process has ended by that very signal;
//  - SIGCONT: a stopped process runs.
// A signal that the process ignores leaves no trace anywhere. It is refused at the opening: nothing
// would happen, and nobody could tell.
#include <array>
#include <charconv>
#include <csignal>
#include <optional>

#include <fmt/core.h>
#include <sys/stat.h>

#include "core/text.h"
#include "sys/exit_status.h"
#include "sys/file.h"
#include "sys/tracepoint.h"
#include "witness/subject.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

struct Target {
  std::int64_t pid = 0;
  std::int64_t start_ticks = 0;
  std::int64_t signal = 0;

  sys::ProcessId id() const { return {pid, static_cast<std::uint64_t>(start_ticks)}; }
  std::string name() const { return sys::signal_name(static_cast<int>(signal)); }
};

const param::Table<Target> table{{
    param::field("pid", &Target::pid, {.about = "The process.", .required = true, .min = 1}),
    param::field("start_ticks", &Target::start_ticks,
                 {.about = "Its start time, as in /proc/PID/stat.", .required = true}),
    param::field("signal", &Target::signal,
                 {.about = "The number of the signal.", .required = true, .min = 1, .max = 64}),
}};

// Signals without a handler that do nothing (signal(7)).
bool does_nothing_by_default(std::int64_t signal) {
  return signal == SIGCHLD || signal == SIGURG || signal == SIGWINCH || signal == SIGCONT;
}

// Whether the signal stands in a mask of /proc/PID/status: "SigCgt:\t0000000180004243".
bool is_in_mask(std::string_view status, std::string_view mask, std::int64_t signal) {
  const std::size_t at = status.find(fmt::format("\n{}:", mask));
  if (at == std::string_view::npos) return false;
  const std::string_view line = status.substr(at + 1, status.find('\n', at + 1) - at - 1);
  const std::string_view digits = trim(line.substr(mask.size() + 1));
  std::uint64_t bits = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), bits, 16);
  return (bits >> static_cast<unsigned>(signal - 1) & 1U) != 0;
}

// In the first pid namespace (its inode is fixed by the kernel's ABI) a process has one number.
bool is_in_first_pid_namespace() {
  constexpr std::uintmax_t first = 0xEFFFFFFC;
  struct stat status {};
  return ::stat("/proc/self/ns/pid", &status) == 0 && status.st_ino == first;
}

Result<sys::EventCounter> count_deliveries(const Target& target) {
  const std::int64_t number = TRY(sys::tracepoint_number("signal", "signal_deliver"));
  return sys::EventCounter::in_process(target.pid, number, fmt::format("sig == {}", target.signal));
}

// "result" 0: it was queued, neither ignored nor already pending nor lost.
Result<sys::EventCounter> count_queued(const Target& target) {
  if (!is_in_first_pid_namespace()) {
    return error(Code::unsupported, "in a pid namespace the kernel names processes otherwise");
  }
  const std::int64_t number = TRY(sys::tracepoint_number("signal", "signal_generate"));
  return sys::EventCounter::on_host(
      number, fmt::format("sig == {} && pid == {} && result == 0", target.signal, target.pid));
}

class Signalled final : public Witness {
 public:
  Signalled(Target target, Subject subject)
      : target_(target),
        subject_(std::move(subject)),
        exit_(sys::ExitObserver::open(target.id())),
        deliveries_(count_deliveries(target)) {}

  // Finds out what the process does with the signal, and refuses where nothing could be seen.
  Status prepare() {
    const std::optional<std::string> status = TRY(subject_.read("status"));
    const std::optional<std::string> stat = TRY(subject_.read("stat"));
    const std::optional<Stat> state = stat ? parse_stat(*stat) : std::nullopt;
    if (!status || !state) {
      return error(Code::not_found, fmt::format("process {} has ended", target_.pid));
    }
    is_blocked_ = is_in_mask(*status, "SigBlk", target_.signal);
    const bool is_caught = is_in_mask(*status, "SigCgt", target_.signal);
    was_stopped_ = state->state == 'T';
    if (TRY(is_pending())) {
      return error(Code::conflict,
                   fmt::format("{} is already pending for process {}", target_.name(), target_.pid),
                   "wait until the process has taken it");
    }
    // While a thread is in sigwait(3), the kernel shows what it waits for as not blocked.
    if (is_blocked_ || !is_caught) {
      Result<sys::EventCounter> queued = count_queued(target_);
      if (queued.ok()) queued_ = std::move(*queued);
    }
    if (is_blocked_) return ok();
    if (target_.signal == SIGCONT && was_stopped_ && !is_caught) return ok();
    const bool is_ignored = is_in_mask(*status, "SigIgn", target_.signal);
    if (is_ignored || (!is_caught && does_nothing_by_default(target_.signal))) {
      return error(
          Code::conflict,
          fmt::format("process {} ignores {}: nothing would happen, and nothing be seen",
                      target_.pid, target_.name()),
          fmt::format("choose a signal that it handles; SigCgt in /proc/{}/status has them",
                      target_.pid));
    }
    if (is_caught && !deliveries_.ok()) {
      return error(Code::unsupported,
                   fmt::format("process {} handles {}, which only the tracepoint signal_deliver "
                               "shows: {}",
                               target_.pid, target_.name(), deliveries_.error().message),
                   deliveries_.error().next);
    }
    return ok();
  }

  Result<Sighting> look() override {
    if (deliveries_.ok()) {
      const std::uint64_t count = TRY(deliveries_->read());
      if (count > 0) return seen(fmt::format("{} was delivered", target_.name()), count);
    }
    if (queued_) {
      const std::uint64_t count = TRY(queued_->read());
      if (count > 0) return seen(fmt::format("{} was queued for it", target_.name()), count);
    }
    if (subject_.has_ended()) return look_at_end();
    if (is_blocked_ && TRY(is_pending())) return seen(target_.name() + " is pending", 1);
    if (target_.signal == SIGCONT && was_stopped_) {
      const std::optional<std::string> text = TRY(subject_.read("stat"));
      const std::optional<Stat> stat = text ? parse_stat(*text) : std::nullopt;
      if (stat && stat->state != 'T') return seen("it was stopped and runs again", 1);
    }
    return Sighting{.detail = fmt::format("no {} has reached it", target_.name())};
  }

 private:
  static Sighting seen(std::string detail, std::uint64_t count) {
    return {.on = true, .dose = static_cast<double>(count), .detail = std::move(detail)};
  }

  Result<Sighting> look_at_end() {
    const sys::Fd& pidfd = subject_.descriptor();
    const sys::ExitStatus status = TRY(exit_.status(pidfd), "finding out how it ended");
    const std::string how = "it was ended " + describe(status);
    if (status.by_signal && status.number == target_.signal) return seen(how, 1);
    return Sighting{.detail = how};
  }

  // Signals to the whole process stand in ShdPnd, those to one thread in its SigPnd.
  Result<bool> is_pending() const {
    const std::optional<std::string> status = TRY(subject_.read("status"));
    if (!status) return false;
    return is_in_mask(*status, "ShdPnd", target_.signal) ||
           is_in_mask(*status, "SigPnd", target_.signal);
  }

  Target target_;
  Subject subject_;
  sys::ExitObserver exit_;
  Result<sys::EventCounter> deliveries_;
  std::optional<sys::EventCounter> queued_;
  bool is_blocked_ = false;
  bool was_stopped_ = false;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  auto witness = std::make_unique<Signalled>(target, TRY(Subject::open(target.id())));
  TRY_VOID(witness->prepare());
  return witness;
}

}  // namespace

extern const Kind kind_process_signalled;
const Kind kind_process_signalled = kind_of<Target>({
    .name = "process.signalled",
    .about = "Whether a signal has reached the process, told by the kernel's own tracepoints, its "
             "masks of pending signals, or its end.",
    .dose_unit = "signals",
    .every = milliseconds(1),
    .sees_end = false,
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
