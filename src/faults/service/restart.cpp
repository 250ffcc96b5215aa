// service.restart: the service is restarted in the middle of its work, as by a deploy or an
// impatient administrator.
#include "faults/services.h"
#include "faults/typed.h"

namespace squall::fault {
namespace {

struct Restart : Unit {};

const param::Table<Restart> table = unit_table<Restart>();

Status check(const Restart& restart) {
  TRY_VOID(check_unit(restart));
  if (restart.manager != ServiceManager::supervisor) return ok();
  return error(Code::unsupported,
               "manager: supervisor cannot restart in one step, and if squall died between the "
               "stop and the start, nobody would start the service",
               "use service.kill, after which supervisor starts it again, or service.stop");
}

Wants wants(const Restart&) {
  return {};
}

Result<Strike> plan(const Restart& restart, const Facts&, const Choices&, std::uint64_t) {
  json::object request = identity(restart);
  Strike strike{.target = describe(restart)};
  strike.watches.push_back({"service.restarted", request});
  request["act"] = "restart";
  strike.changes.push_back({"service.act", std::move(request)});
  return strike;
}

}  // namespace

extern const Kind kind_service_restart;
const Kind kind_service_restart = kind_of<Restart>({
    .name = "service.restart",
    .summary = "The service is stopped in good order and started again at once.",
    .mechanism =
        "systemd is told to restart the unit (RestartUnit over D-Bus); the supervisor of runit is "
        "told to end it with SIGTERM, upon which it starts a new one, that of s6 to restart it. "
        "One order does both halves, so that nothing can be cut off between them.",
    .undo = "Nothing is undone by squall: the new process is the manager's own.",
    .limits = "The witness waits 5 s for the new main process; a service that takes longer to come "
              "up makes the run invalid. Restarting a unit also restarts what needs it. runit and "
              "s6 start a service that ran for less than a second only a second later.",
    .lasting = Lasting::instant,
    .irreversible = "the processes that ended cannot be brought back; new ones take their place",
    .example = R"({"unit": "redis.service"})",
    .table = &table,
    .needs = service_needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
