// process.stop: a process does not run until it is continued.
//
// SIGSTOP through a pidfd stops every thread; SIGCONT lets them run on. Journaled, because a
// stopped process stays stopped when the one who stopped it dies. A process that somebody else had
// stopped before is left stopped; one that somebody else continues meanwhile is left running.
#include <csignal>

#include <fmt/core.h>

#include "change/typed.h"
#include "sys/clock.h"

namespace squall::change {
namespace {

struct ProcessStop {
  std::int64_t pid = 0;
  std::int64_t start_ticks = 0;

  sys::ProcessId id() const { return {pid, static_cast<std::uint64_t>(start_ticks)}; }
};

const param::Table<ProcessStop> table{{
    param::field("pid", &ProcessStop::pid, {.about = "The process.", .required = true, .min = 1}),
    param::field(
        "start_ticks", &ProcessStop::start_ticks,
        {.about = "Its start time in clock ticks since boot.", .required = true, .min = 0}),
}};

constexpr Duration reaction_limit = seconds(1);

bool is_stopped(const sys::Process& process) {
  return process.state == 'T';
}

// Waits until the kernel shows the wanted state: a signal takes effect when the process next leaves
// the kernel, which is not at once.
bool wait_for_state(const sys::ProcessId& id, bool stopped) {
  const Duration deadline = sys::monotonic_now() + reaction_limit;
  while (sys::monotonic_now() < deadline) {
    const Result<sys::Process> process = sys::read_process(id.pid);
    if (!process.ok() || process->id != id) return true;
    if (is_stopped(*process) == stopped) return true;
    sys::sleep_until(sys::monotonic_now() + microseconds(200));
  }
  return false;
}

Result<Footprint> footprint(const ProcessStop& params) {
  return Footprint{.processes = {params.id()},
                   .resources = {fmt::format("process {} running state", params.pid)}};
}

Result<json::object> capture(const ProcessStop& params) {
  const sys::Process process = TRY(sys::read_process(params.pid));
  if (process.id != params.id()) {
    return error(Code::not_found,
                 fmt::format("process {} is gone; its pid was reused", params.pid));
  }
  return json::object{{"was_stopped", is_stopped(process)}, {"name", process.name}};
}

Result<json::object> apply(const ProcessStop& params, const json::object&) {
  const sys::Fd pidfd = TRY(sys::open_process(params.id()));
  TRY_VOID(sys::send_signal(pidfd, SIGSTOP), fmt::format("stopping process {}", params.pid));
  if (!wait_for_state(params.id(), true)) {
    return error(
        Code::timed_out,
        fmt::format("process {} did not stop within {}", params.pid, render(reaction_limit)),
        "it may be stuck in the kernel (state D): look at /proc/PID/stack");
  }
  return json::object{};
}

Result<Presence> verify(const ProcessStop& params, const json::object& before) {
  const Result<sys::Process> process = sys::read_process(params.pid);
  if (!process.ok() || process->id != params.id() || bool_at(before, "was_stopped")) {
    return Presence::absent;
  }
  return is_stopped(*process) ? Presence::in_force : Presence::absent;
}

Result<Reverted> revert(const ProcessStop& params, const json::object& before) {
  const Result<sys::Fd> pidfd = sys::open_process(params.id());
  if (!pidfd.ok()) return Reverted{Ending::gone, fmt::format("process {} ended", params.pid)};
  if (bool_at(before, "was_stopped")) {
    return Reverted{Ending::was_absent, "somebody else had stopped it before"};
  }
  const Result<sys::Process> process = sys::read_process(params.pid);
  if (process.ok() && !is_stopped(*process)) return Reverted{Ending::was_absent, "it is running"};
  TRY_VOID(sys::send_signal(*pidfd, SIGCONT));
  if (!wait_for_state(params.id(), false)) {
    return error(Code::timed_out, fmt::format("process {} did not continue", params.pid));
  }
  return Reverted{Ending::restored, ""};
}

std::string describe(const ProcessStop& params) {
  return fmt::format("stop process {} (SIGSTOP)", params.pid);
}

std::string undo(const ProcessStop& params) {
  return fmt::format("continue process {} (SIGCONT)", params.pid);
}

}  // namespace

extern const Kind kind_process_stop;
const Kind kind_process_stop = make_kind<ProcessStop>({
    .name = "process.stop",
    .about = "A process does not run until it is continued.",
    .keeping = Keeping::journaled,
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
