// process.stopped: sees whether every thread of one process stands still.
//
// State T of /proc/PID/task/TID/stat is a stop by a signal. The first thread is read alone as long
// as it runs, so a look at a running process is one small read. A thread in state Z has ended and
// says nothing; state t is a debugger's stop and not ours to count.
#include <fmt/core.h>

#include "witness/threads.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

struct Target {
  std::int64_t pid = 0;
  std::int64_t start_ticks = 0;
};

const param::Table<Target> table{{
    param::field("pid", &Target::pid, {.about = "The process.", .required = true, .min = 1}),
    param::field("start_ticks", &Target::start_ticks,
                 {.about = "Its start time, as in /proc/PID/stat.", .required = true}),
}};

class Stopped final : public Witness {
 public:
  explicit Stopped(Subject subject) : subject_(std::move(subject)) {}

  Result<Sighting> look() override {
    const std::optional<std::string> text = TRY(subject_.read("stat"));
    if (!text) return ended();
    const std::optional<Stat> first = parse_stat(*text);
    if (!first) return error(Code::failed, subject_.path("stat") + " cannot be understood");
    if (first->state != 'T' && first->state != 'Z') {
      return Sighting{.detail = "state " + describe_state(first->state)};
    }
    const ThreadCount threads =
        TRY(count_threads(subject_, "stat", [](std::string_view line) -> std::optional<bool> {
          const std::optional<Stat> stat = parse_stat(line);
          return stat ? std::optional(stat->state == 'T') : std::nullopt;
        }));
    if (subject_.has_ended()) return ended();
    return Sighting{.on = threads.all(),
                    .dose = static_cast<double>(threads.matching),
                    .detail = fmt::format("{} of {} threads in state T (stopped)", threads.matching,
                                          threads.matching + threads.others)};
  }

 private:
  static Sighting ended() { return {.detail = "the process has ended"}; }

  Subject subject_;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  const sys::ProcessId id{target.pid, static_cast<std::uint64_t>(target.start_ticks)};
  return std::make_unique<Stopped>(TRY(Subject::open(id)));
}

}  // namespace

extern const Kind kind_process_stopped;
const Kind kind_process_stopped = kind_of<Target>({
    .name = "process.stopped",
    .about = "Whether every thread of the process is stopped, read from /proc/PID/task.",
    .dose_unit = "threads",
    .every = milliseconds(1),
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
