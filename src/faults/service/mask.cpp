// service.mask: nobody can start the service, as when it was disabled by mistake or a package is
// half installed.
#include "faults/services.h"
#include "faults/typed.h"

namespace squall::fault {
namespace {

struct Mask : Unit {
  bool stop = true;
};

const param::Table<Mask> table = unit_table<Mask>(
    {param::field("stop", &Mask::stop,
                  {.about = "Whether it is stopped before; otherwise it runs on until it ends."})});

Status check(const Mask& mask) {
  TRY_VOID(check_unit(mask));
  return check_is_systemd(mask, "mask a service: it starts whatever it is told to start",
                          "use service.stop");
}

Wants wants(const Mask&) {
  return {};
}

Result<Strike> plan(const Mask& mask, const Facts&, const Choices&, std::uint64_t) {
  Strike strike{.target = describe(mask)};
  for (const char* state : {"stopped", "masked"}) {
    if (state == std::string_view("stopped") && !mask.stop) continue;
    json::object params = identity(mask);
    params["state"] = state;
    strike.changes.push_back({"service.state", params});
    strike.watches.push_back({"service.state", std::move(params)});
  }
  return strike;
}

}  // namespace

extern const Kind kind_service_mask;
const Kind kind_service_mask = kind_of<Mask>({
    .name = "service.mask",
    .summary = "The service cannot be started by anybody, and unless told otherwise is down.",
    .mechanism =
        "systemd is told to mask the unit until the next boot (MaskUnitFiles with runtime, which "
        "makes a link to /dev/null in /run), and to read its units anew. Before that the unit is "
        "stopped, unless `stop` is no: then it runs on, and is not started again when it ends.",
    .undo =
        "The link is removed and systemd reads its units anew; then the unit is started again if "
        "it was stopped. Both are in the journal beforehand: if squall dies, the guardian, its "
        "twin or the next start of squall does it. A mask that somebody removed is not made again.",
    .limits =
        "systemd only. Reading the units anew also lets edits of other units take effect that "
        "somebody has made and not yet loaded. A unit whose file is in /etc/systemd cannot be "
        "masked for the time being. A unit that ended while it was masked stays down.",
    .example = R"({"unit": "redis.service"})",
    .table = &table,
    .needs = service_needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
