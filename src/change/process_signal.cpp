// process.signal: a process gets one signal.
//
// Sent through a pidfd that was checked against the recorded start time, so a reused pid is never
// hit. Irreversible: what a signal makes a process do, ending above all, cannot be taken back.
// Signals that only stop a process are refused, since process.stop does that and undoes it.
#include <algorithm>
#include <array>
#include <csignal>

#include <fmt/core.h>

#include "change/typed.h"
#include "sys/clock.h"

namespace squall::change {
namespace {

struct ProcessSignal {
  std::int64_t pid = 0;
  std::int64_t start_ticks = 0;
  std::int64_t signal = 0;

  sys::ProcessId id() const { return {pid, static_cast<std::uint64_t>(start_ticks)}; }
  std::string name() const { return sys::signal_name(static_cast<int>(signal)); }
};

const param::Table<ProcessSignal> table{{
    param::field("pid", &ProcessSignal::pid, {.about = "The process.", .required = true, .min = 1}),
    param::field(
        "start_ticks", &ProcessSignal::start_ticks,
        {.about = "Its start time in clock ticks since boot.", .required = true, .min = 0}),
    param::field("signal", &ProcessSignal::signal,
                 {.about = "The number of the signal.", .required = true, .min = 1, .max = 64}),
}};

constexpr std::array stopping{SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU};

Result<Footprint> footprint(const ProcessSignal& params) {
  if (std::find(stopping.begin(), stopping.end(), params.signal) != stopping.end()) {
    return error(Code::refused,
                 fmt::format("{} would leave process {} stopped", params.name(), params.pid),
                 "use the change process.stop, which is undone");
  }
  Footprint touched{.processes = {params.id()}};
  // SIGCONT would end a process.stop of somebody else; all others leave nothing to collide with.
  if (params.signal == SIGCONT) {
    touched.resources = {fmt::format("process {} running state", params.pid)};
  }
  return touched;
}

Result<json::object> capture(const ProcessSignal& params) {
  const Result<sys::Process> process = sys::read_process(params.pid);
  if (!process.ok() || process->id != params.id() || !sys::is_alive(params.id())) {
    return error(Code::not_found, fmt::format("process {} is gone", params.pid),
                 "it ended by itself or was restarted; look for its successor");
  }
  return json::object{{"name", process->name}};
}

Result<json::object> apply(const ProcessSignal& params, const json::object&) {
  const sys::Fd pidfd = TRY(sys::open_process(params.id()));
  TRY_VOID(sys::send_signal(pidfd, static_cast<int>(params.signal)),
           fmt::format("signalling process {}", params.pid));
  return json::object{{"sent_ns", sys::monotonic_now().nanoseconds}};
}

std::string describe(const ProcessSignal& params) {
  return fmt::format("send {} to process {}", params.name(), params.pid);
}

std::string undo(const ProcessSignal&) {
  return "cannot be undone: what a process does on a signal is done; if it ends, only its "
         "supervisor can start another one";
}

}  // namespace

extern const Kind kind_process_signal;
const Kind kind_process_signal = make_kind<ProcessSignal>({
    .name = "process.signal",
    .about = "A process gets one signal.",
    .keeping = Keeping::irreversible,
    .table = &table,
    .footprint = footprint,
    .capture = capture,
    .apply = apply,
    .describe = describe,
    .undo = undo,
});

}  // namespace squall::change
