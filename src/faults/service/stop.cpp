// service.stop: the service is down although nothing crashed, as after a wrong command, a failed
// deploy or a node that is drained.
#include "faults/services.h"
#include "faults/typed.h"

namespace squall::fault {
namespace {

struct Stop : Unit {};

const param::Table<Stop> table = unit_table<Stop>();

Status check(const Stop& stop) {
  return check_unit(stop);
}

Wants wants(const Stop&) {
  return {};
}

Result<Strike> plan(const Stop& stop, const Facts&, const Choices&, std::uint64_t) {
  json::object state = identity(stop);
  state["state"] = "stopped";
  Strike strike{.target = describe(stop)};
  strike.changes.push_back({"service.state", state});
  strike.watches.push_back({"service.state", std::move(state)});
  return strike;
}

}  // namespace

extern const Kind kind_service_stop;
const Kind kind_service_stop = kind_of<Stop>({
    .name = "service.stop",
    .summary = "The service is stopped in good order and stays down until the fault ends.",
    .mechanism =
        "The manager is told to stop it: systemd by StopUnit over D-Bus, runit and s6 by a letter "
        "to the supervisor, supervisor by XML-RPC. The service gets its own stop signal and the "
        "time that the manager grants it. Units that need it (Requires, BindsTo, PartOf) are "
        "stopped with it by systemd.",
    .undo =
        "The manager is told to start it again, and with it what was stopped with it. The order is "
        "in the journal beforehand: if squall dies, the guardian, its twin or the next start of "
        "squall gives it. A service that somebody started meanwhile is left running, one that "
        "somebody masked is left to them.",
    .limits =
        "A service that takes more than 5 s to stop is given up and started again. A socket, timer "
        "or path unit may start it meanwhile: then the fault is over early, and the run says so. "
        "Transient units and those that refuse a stop or a start by hand are not touched.",
    .example = R"({"unit": "redis.service"})",
    .table = &table,
    .needs = service_needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
