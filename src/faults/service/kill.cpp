// service.kill: the service dies at once by the hand of its own manager, which then starts it again
// or does not.
#include "faults/services.h"
#include "faults/signals.h"
#include "faults/typed.h"

namespace squall::fault {
namespace {

enum class Who { all, main };

struct Kill : Unit {
  std::string signal = "KILL";
  Who who = Who::all;
};

const param::Table<Kill> table = unit_table<Kill>(
    {param::field("signal", &Kill::signal,
                  {.about = "The signal sent. runit and s6 know KILL, TERM, HUP, INT, QUIT, ALRM, "
                            "USR1 and USR2."}),
     param::choice("who", &Kill::who, {{"all", Who::all}, {"main", Who::main}},
                   "Every process of the unit, or only its main process. runit, s6 and supervisor "
                   "know only the latter.")});

Status check(const Kill& kill) {
  TRY_VOID(check_unit(kill));
  return check_ending_signal(kill.signal, "service",
                             "to let it stand still for a time use service.freeze");
}

Wants wants(const Kill&) {
  return {};
}

Result<Strike> plan(const Kill& kill, const Facts&, const Choices&, std::uint64_t) {
  json::object request = identity(kill);
  Strike strike{.target = describe(kill)};
  strike.watches.push_back({"service.ended", request});
  request["act"] = "kill";
  request["signal"] = TRY(sys::parse_signal(kill.signal));
  request["main_only"] = kill.who == Who::main;
  strike.changes.push_back({"service.act", std::move(request)});
  return strike;
}

}  // namespace

extern const Kind kind_service_kill;
const Kind kind_service_kill = kind_of<Kill>({
    .name = "service.kill",
    .summary = "The service dies at once, and its manager starts it again or does not.",
    .mechanism =
        "systemd sends the signal to every process of the unit (KillUnit over D-Bus), or to its "
        "main process; runit and s6 do it for a letter to the supervisor, supervisor for an "
        "XML-RPC call. The manager sees a crash and does what the unit says (Restart=). The "
        "witness tells how often it has restarted the unit (NRestarts).",
    .undo = "Nothing is undone by squall: whether a new process starts is up to the manager, which "
            "is what is tested.",
    .limits = "A signal that the service catches ends it when it likes; if its main process never "
              "ends, the run is invalid. To kill again and again use process.kill with times, to "
              "make systemd give up use service.start_limit.",
    .lasting = Lasting::instant,
    .irreversible = "processes that ended cannot be brought back, only started anew",
    .example = R"({"unit": "redis.service"})",
    .table = &table,
    .needs = service_needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
