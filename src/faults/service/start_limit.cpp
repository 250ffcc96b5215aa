// service.start_limit: the service crashes so often that systemd gives up on it, as with a broken
// configuration or a dependency that stays away.
#include "faults/services.h"
#include "faults/typed.h"

namespace squall::fault {
namespace {

struct StartLimit : Unit {};

const param::Table<StartLimit> table = unit_table<StartLimit>();

Status check(const StartLimit& limit) {
  TRY_VOID(check_unit(limit));
  return check_is_systemd(limit, "be driven to give up: it goes on starting the service for ever",
                          "use service.stop for a service that stays down");
}

Wants wants(const StartLimit&) {
  return {};
}

Result<Strike> plan(const StartLimit& limit, const Facts&, const Choices&, std::uint64_t) {
  json::object state = identity(limit);
  state["state"] = "exhausted";
  Strike strike{.target = describe(limit)};
  strike.changes.push_back({"service.state", state});
  strike.watches.push_back({"service.state", std::move(state)});
  return strike;
}

}  // namespace

extern const Kind kind_service_start_limit;
const Kind kind_service_start_limit = kind_of<StartLimit>({
    .name = "service.start_limit",
    .summary = "The service is killed each time it comes back, until systemd starts it no more.",
    .mechanism =
        "Every process of the unit is killed by systemd (KillUnit with SIGKILL) as soon as it runs "
        "again, until the unit has used up StartLimitBurst starts within StartLimitIntervalSec and "
        "systemd leaves it failed.",
    .undo =
        "The failure is forgotten (ResetFailedUnit) and the unit started again. Both orders are in "
        "the journal beforehand: if squall dies, even between two kills, the guardian, its twin or "
        "the next start of squall gives them. If somebody reset the unit without starting it, it "
        "is left to them.",
    .limits =
        "systemd only, and only units that it restarts (Restart=always or on-failure) and that "
        "have a start limit which can be reached with at most 50 kills within 4 s: starts allowed "
        "times RestartSec. It is found out before anything is touched.",
    .example = R"({"unit": "redis.service"})",
    .table = &table,
    .needs = service_needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
