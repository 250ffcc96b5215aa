// power.battery: the victim sees a battery that drains, as on a notebook, a cart or a drone whose
// mains are gone.
//
// What is emulated is what programs are told, not the electricity: the host itself feels nothing.
// The charge goes evenly from one share to another; whoever computes what is left from energy and
// power gets the same answer.
#include "faults/supplies.h"
#include "faults/typed.h"
#include "param/selector_codec.h"

namespace squall::fault {
namespace {

struct Battery {
  Selector select;
  Share from{0.8};
  Share to{0.05};
  Duration over = minutes(1);
};

const param::Table<Battery> table{{
    param::field(
        "select", &Battery::select,
        {.about = "A process in the mount namespace that sees the battery.", .required = true}),
    param::field("from", &Battery::from,
                 {.about = "The charge at the start.",
                  .min = Share{0.01},
                  .max = Share{1},
                  .typical_low = Share{0.3},
                  .typical_high = Share{1}}),
    param::field("to", &Battery::to,
                 {.about = "The charge at the end of the way; then it stays.",
                  .min = Share{0},
                  .max = Share{1},
                  .typical_low = Share{0},
                  .typical_high = Share{0.1}}),
    param::field("over", &Battery::over,
                 {.about = "How long the way takes.",
                  .min = milliseconds(100),
                  .max = minutes(7 * 24 * 60),
                  .typical_low = seconds(10),
                  .typical_high = minutes(10)}),
}};

Status check(const Battery& battery) {
  if (battery.to < battery.from) return ok();
  return error(Code::invalid, "to: the charge at the end is not below that at the start",
               "a battery without mains drains: from: 80 %, to: 5 %");
}

Wants wants(const Battery& battery) {
  return {.victims = battery.select, .files = {}};
}

Result<Strike> plan(const Battery& battery, const Facts& facts, const Choices&, std::uint64_t) {
  return change_supplies(facts, battery.select, {battery.from, battery.to, battery.over},
                         "power.draining");
}

}  // namespace

extern const Kind kind_power_battery;
const Kind kind_power_battery = kind_of<Battery>({
    .name = "power.battery",
    .summary = "The victim, and all in its mount namespace, see a battery that drains.",
    .mechanism =
        "A small filesystem in memory with the files of a battery (BAT0: status, capacity, energy, "
        "power, voltage) and of an adapter without power (AC: online 0) is mounted over "
        "/sys/class/power_supply in the victim's mount namespace. A holder goes on writing the "
        "values ten times a second; each file changes as a whole. The battery is called "
        "\"emulated\" of the manufacturer \"squall\".",
    .undo =
        "The mount is taken away, and what stood there before is seen again. If squall dies the "
        "values stand still; the guardian, its twin or the next start of squall takes the mount "
        "away. Only the mount that names this victim is touched; if somebody mounted something "
        "over it, that is reported and left.",
    .limits =
        "Only what programs read from these files: UPower and other services that ask udev or the "
        "kernel by netlink see nothing, and no event is sent when a value changes. Real supplies "
        "of the host are hidden meanwhile. Refused when the victim shares its mount namespace with "
        "the host, or when mounts propagate to it. For those, use command.run.",
    .example = R"({"select": {"name": "agent", "pick": "one"}, "from": "20 %", "to": "5 %",
                   "over": "30 s"})",
    .table = &table,
    .needs = supply_needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
