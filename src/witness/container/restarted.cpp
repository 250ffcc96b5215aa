// container.restarted: sees another main process run in the place of the one that a container had.
#include <fmt/core.h>

#include "witness/containers.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

struct Target : ContainerPlace {};

const param::Table<Target> table{container_fields<Target>()};

class Restarted final : public Witness {
 public:
  explicit Restarted(ContainerView view) : view_(std::move(view)) {}

  Result<Sighting> look() override {
    const std::int64_t first = view_.first().pid;
    if (!view_.first_has_ended()) {
      return Sighting{.detail = fmt::format("main process {} runs", first)};
    }
    const std::optional<sys::Process> successor = view_.successor();
    if (!successor) return Sighting{.detail = fmt::format("main process {} ended", first)};
    return Sighting{.on = true,
                    .dose = 1,
                    .detail = fmt::format("main process {} -> {}", first, successor->id.pid)};
  }

 private:
  ContainerView view_;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  return std::make_unique<Restarted>(TRY(ContainerView::open(target)));
}

}  // namespace

extern const Kind kind_container_restarted;
const Kind kind_container_restarted = kind_of<Target>({
    .name = "container.restarted",
    .about = "Whether another main process runs in the place of the one that a container had.",
    .dose_unit = "containers",
    .every = milliseconds(5),
    .sees_end = false,
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
