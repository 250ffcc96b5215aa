// service.freeze: the service stands still as a whole and its manager still takes it for running,
// as with a hung disk, a debugger left behind or a starved virtual machine.
#include "faults/services.h"
#include "faults/typed.h"

namespace squall::fault {
namespace {

struct Freeze : Unit {};

const param::Table<Freeze> table = unit_table<Freeze>();

Status check(const Freeze& freeze) {
  return check_unit(freeze);
}

Wants wants(const Freeze&) {
  return {};
}

Result<Strike> plan(const Freeze& freeze, const Facts&, const Choices&, std::uint64_t) {
  json::object state = identity(freeze);
  state["state"] = "frozen";
  Strike strike{.target = describe(freeze)};
  strike.changes.push_back({"service.state", state});
  strike.watches.push_back({"service.state", std::move(state)});
  return strike;
}

}  // namespace

extern const Kind kind_service_freeze;
const Kind kind_service_freeze = kind_of<Freeze>({
    .name = "service.freeze",
    .summary = "Every process of the service stands still while its manager takes it for running.",
    .mechanism =
        "systemd freezes the control group of the unit (FreezeUnit); on a host that mounts both "
        "versions of control groups, where systemd declines, the kernel's freezer of that group is "
        "written directly. runit, s6 and supervisor send SIGSTOP to the main process. The kernel "
        "goes on accepting connections until the queues are full, so a check that only connects "
        "still passes.",
    .undo =
        "The unit is thawed, or its main process continued. The order is in the journal "
        "beforehand: if squall dies, the guardian, its twin or the next start of squall gives it. "
        "What somebody thawed meanwhile is left running.",
    .limits =
        "runit, s6 and supervisor stop the main process only; its children run on. A watchdog of "
        "the unit (WatchdogSec) may end it meanwhile. Without cgroup v2 use process.pause with the "
        "unit selected.",
    .example = R"({"unit": "redis.service"})",
    .table = &table,
    .needs = service_needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
