// container.pause: the container stands still as a whole while it looks alive, as with a hung disk,
// a starved virtual machine or a host that swaps itself to death.
#include "faults/containers.h"
#include "faults/typed.h"

namespace squall::fault {
namespace {

struct Pause : Container {};

const param::Table<Pause> table = container_table<Pause>();

Status check(const Pause& pause) {
  return check_container(pause);
}

Wants wants(const Pause&) {
  return {};
}

Result<Strike> plan(const Pause& pause, const Facts&, const Choices&, std::uint64_t) {
  json::object state = identity(pause);
  state["state"] = "paused";
  Strike strike{.target = describe(pause)};
  strike.changes.push_back({"container.state", state});
  strike.watches.push_back({"container.state", std::move(state)});
  return strike;
}

}  // namespace

extern const Kind kind_container_pause;
const Kind kind_container_pause = kind_of<Pause>({
    .name = "container.pause",
    .summary = "Every process of the container stands still; it answers nothing, and is not down.",
    .mechanism =
        "The container's daemon is told to pause it (POST /containers/NAME/pause), and freezes its "
        "control group. The kernel goes on accepting connections until the queues are full and "
        "answers pings, so a check that only connects still passes. A health check of the "
        "daemon's own is not run meanwhile.",
    .undo =
        "The daemon is told to unpause it. The order is in the journal beforehand: if squall dies, "
        "the guardian, its twin or the next start of squall gives it. A container that somebody "
        "unpaused meanwhile is left running; one that was removed is gone.",
    .limits = "A container that is paused already, or does not run, is not touched. While the "
              "daemon does not answer it cannot be unpaused: the order is then repeated until it "
              "does.",
    .example = R"({"container": "web"})",
    .table = &table,
    .needs = container_needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
