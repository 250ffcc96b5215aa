// service.state: sees whether a service is down, given up, masked or frozen.
//
// Down and given up are what its manager says over a connection of the witness's own. Frozen is
// what the kernel says: of the unit's control group under systemd, of the main process elsewhere.
#include "witness/services.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

enum class State { stopped, masked, frozen, exhausted };

struct Target : net::ServicePlace {
  State state = State::stopped;
};

param::Table<Target> make_table() {
  std::vector<param::Field<Target>> fields = service_fields<Target>();
  fields.push_back(param::choice("state", &Target::state,
                                 {{"stopped", State::stopped},
                                  {"masked", State::masked},
                                  {"frozen", State::frozen},
                                  {"exhausted", State::exhausted}},
                                 "What is looked for."));
  return {std::move(fields)};
}
const param::Table<Target> table = make_table();

class InState final : public Witness {
 public:
  InState(std::unique_ptr<net::ServiceView> view, State state)
      : view_(std::move(view)), state_(state) {}

  Result<Sighting> look() override {
    const net::ServiceSight sight = TRY(view_->look());
    const bool on = is_on(sight);
    std::string detail = sight.detail;
    if (state_ == State::masked) detail += sight.is_masked ? ", masked" : ", not masked";
    if (state_ == State::frozen) detail += sight.is_frozen ? ", frozen" : ", not frozen";
    return Sighting{.on = on, .dose = on ? 1.0 : 0.0, .detail = std::move(detail)};
  }

 private:
  bool is_on(const net::ServiceSight& sight) const {
    switch (state_) {
      case State::stopped:
        return sight.phase == net::ServiceSight::Phase::down ||
               sight.phase == net::ServiceSight::Phase::failed;
      case State::exhausted:
        return sight.phase == net::ServiceSight::Phase::failed;
      case State::masked:
        return sight.is_masked;
      case State::frozen:
        return sight.is_frozen;
    }
    return false;
  }

  std::unique_ptr<net::ServiceView> view_;
  State state_;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  return std::make_unique<InState>(TRY(open_view(target)), target.state);
}

}  // namespace

extern const Kind kind_service_state;
const Kind kind_service_state = kind_of<Target>({
    .name = "service.state",
    .about = "Whether a service is down, given up, masked or frozen, as its manager and the kernel "
             "show it.",
    .dose_unit = "services",
    .every = milliseconds(5),
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
