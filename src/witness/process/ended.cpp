// process.ended: sees whether one process has ended.
//
// A process descriptor becomes readable at the instant when the last thread is gone, also while the
// body still waits for its parent as a zombie, which can take seconds: /proc would go on listing
// it.
#include <fmt/core.h>

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
  explicit Ended(Subject subject) : subject_(std::move(subject)) {}

  Result<Sighting> look() override {
    const bool ended = subject_.has_ended();
    return Sighting{
        .on = ended, .dose = ended ? 1.0 : 0.0, .detail = ended ? "it has ended" : "it runs"};
  }

 private:
  Subject subject_;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  const sys::ProcessId id{target.pid, static_cast<std::uint64_t>(target.start_ticks)};
  return std::make_unique<Ended>(TRY(Subject::open(id)));
}

}  // namespace

extern const Kind kind_process_ended;
const Kind kind_process_ended = kind_of<Target>({
    .name = "process.ended",
    .about = "Whether the process has ended, told by its process descriptor.",
    .dose_unit = "processes",
    .every = milliseconds(1),
    .sees_end = false,
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
