// container.state: sees whether a container is paused or down.
//
// Paused is what the freezer of its control group says; down is that its main process has ended and
// none runs in its place.
#include <fmt/core.h>

#include "witness/containers.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

enum class State { paused, stopped };

struct Target : ContainerPlace {
  State state = State::paused;
};

param::Table<Target> make_table() {
  std::vector<param::Field<Target>> fields = container_fields<Target>();
  fields.push_back(param::choice("state", &Target::state,
                                 {{"paused", State::paused}, {"stopped", State::stopped}},
                                 "What is looked for."));
  return {std::move(fields)};
}
const param::Table<Target> table = make_table();

class InState final : public Witness {
 public:
  InState(ContainerView view, State state) : view_(std::move(view)), state_(state) {}

  Result<Sighting> look() override {
    if (state_ == State::paused) {
      const bool on = view_.is_frozen();
      return Sighting{.on = on,
                      .dose = on ? 1.0 : 0.0,
                      .detail = on ? "its control group is frozen"
                                   : "its control group is not "
                                     "frozen"};
    }
    if (!view_.first_has_ended()) return running(view_.first().pid);
    const std::optional<sys::Process> successor = view_.successor();
    if (successor) return running(successor->id.pid);
    return Sighting{
        .on = true,
        .dose = 1,
        .detail = fmt::format("main process {} has ended, and no other runs", view_.first().pid)};
  }

 private:
  static Sighting running(std::int64_t pid) {
    return {.detail = fmt::format("main process {} runs", pid)};
  }

  ContainerView view_;
  State state_;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  return std::make_unique<InState>(TRY(ContainerView::open(target)), target.state);
}

}  // namespace

extern const Kind kind_container_state;
const Kind kind_container_state = kind_of<Target>({
    .name = "container.state",
    .about = "Whether a container is paused or down, as the kernel shows its control group and its "
             "processes.",
    .dose_unit = "containers",
    .every = milliseconds(5),
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
