// process.ended: sees whether one process has ended, and how.
//
// A process descriptor becomes readable at the instant when the last thread is gone, also while the
// body still waits for its parent as a zombie, which can take seconds: /proc would go on listing
// it. The exit code, or the signal that ended it, is a parent's to know; sys/exit_status.h asks in
// the other places that tell. Where none of them does, the end is seen all the same, and the
// detail says why the rest is unknown.
#include <fmt/core.h>

#include "sys/exit_status.h"
#include "witness/subject.h"
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

class Ended final : public Witness {
 public:
  Ended(Subject subject, sys::ExitObserver exit)
      : subject_(std::move(subject)), exit_(std::move(exit)) {}

  Result<Sighting> look() override {
    if (!subject_.has_ended()) return Sighting{.detail = "it runs"};
    if (how_.empty()) {
      const Result<sys::ExitStatus> status = exit_.status(subject_.descriptor());
      how_ = status.ok() ? fmt::format("it has ended {}", describe(*status))
                         : fmt::format("it has ended; how, is unknown: {}", status.error().message);
    }
    return Sighting{.on = true, .dose = 1, .detail = how_};
  }

 private:
  Subject subject_;
  sys::ExitObserver exit_;
  std::string how_;  // found out once: the places that tell forget it
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  const sys::ProcessId id{target.pid, static_cast<std::uint64_t>(target.start_ticks)};
  Subject subject = TRY(Subject::open(id));
  return std::make_unique<Ended>(std::move(subject), sys::ExitObserver::open(id));
}

}  // namespace

extern const Kind kind_process_ended;
const Kind kind_process_ended = kind_of<Target>({
    .name = "process.ended",
    .about = "Whether the process has ended, told by its process descriptor, and with what exit "
             "code or by what signal.",
    .dose_unit = "processes",
    .every = milliseconds(1),
    .sees_end = false,
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
