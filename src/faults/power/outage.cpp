// power.outage: the victim sees that the mains are gone and that it runs on a battery.
//
// The charge stands still, so what is tested is the notice of the outage and not that of an empty
// battery; for that there is power.battery. Nothing loses power.
#include "faults/supplies.h"
#include "faults/typed.h"
#include "param/selector_codec.h"

namespace squall::fault {
namespace {

struct Outage {
  Selector select;
  Share charge{1};
};

const param::Table<Outage> table{{
    param::field(
        "select", &Outage::select,
        {.about = "A process in the mount namespace that sees the outage.", .required = true}),
    param::field("charge", &Outage::charge,
                 {.about = "What the battery holds all the time.",
                  .min = Share{0},
                  .max = Share{1},
                  .typical_low = Share{0.2},
                  .typical_high = Share{1}}),
}};

Wants wants(const Outage& outage) {
  return {.victims = outage.select, .files = {}};
}

Result<Strike> plan(const Outage& outage, const Facts& facts, const Choices&, std::uint64_t) {
  return change_supplies(facts, outage.select, {outage.charge, outage.charge, {}}, "power.offline");
}

}  // namespace

extern const Kind kind_power_outage;
const Kind kind_power_outage = kind_of<Outage>({
    .name = "power.outage",
    .summary = "The victim, and all in its mount namespace, see that the mains are gone.",
    .mechanism = "As power.battery does it, with a charge that stands still: over "
                 "/sys/class/power_supply of "
                 "the victim's mount namespace a folder is mounted in which the adapter AC is not "
                 "online and "
                 "the battery BAT0 is discharging.",
    .undo =
        "The mount is taken away, and what stood there before is seen again. If squall dies, the "
        "guardian, its twin or the next start of squall takes it away. Only the mount that names "
        "this victim is touched; if somebody mounted something over it, that is reported and left.",
    .limits =
        "Those of power.battery: only what programs read from these files, without events. Nothing "
        "loses power. To switch a real relay or a manageable power strip, use command.run.",
    .example = R"({"select": {"name": "agent", "pick": "one"}, "charge": "60 %"})",
    .table = &table,
    .needs = supply_needs,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
