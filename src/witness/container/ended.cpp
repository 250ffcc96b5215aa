// container.ended: sees that the main process which a container had is no more, whether or not the
// container was started again. How often it came back is counted from the kernel's processes.
#include <fmt/core.h>

#include "witness/containers.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

struct Target : ContainerPlace {};

const param::Table<Target> table{container_fields<Target>()};

class Ended final : public Witness {
 public:
  explicit Ended(ContainerView view) : view_(std::move(view)) {}

  Result<Sighting> look() override {
    const std::int64_t first = view_.first().pid;
    if (!view_.first_has_ended()) {
      return Sighting{.detail = fmt::format("main process {} runs", first)};
    }
    const std::optional<sys::Process> successor = view_.successor();
    if (successor && successor->id != last_) {
      last_ = successor->id;
      ++starts_;
    }
    return Sighting{
        .on = true,
        .dose = 1,
        .detail = fmt::format("main process {} is no more; {}, started again {} times", first,
                              successor ? "another runs" : "none runs", starts_)};
  }

 private:
  ContainerView view_;
  sys::ProcessId last_;
  int starts_ = 0;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  return std::make_unique<Ended>(TRY(ContainerView::open(target)));
}

}  // namespace

extern const Kind kind_container_ended;
const Kind kind_container_ended = kind_of<Target>({
    .name = "container.ended",
    .about = "Whether the main process that a container had is no more, told by its process "
             "descriptor.",
    .dose_unit = "main processes",
    .every = milliseconds(5),
    .sees_end = false,
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
