// service.show: how a unit is, and whether something could be done to it. Touches nothing.
#include "param/table.h"
#include "reach/processes.h"
#include "reach/reach.h"
#include "reach/service/managers.h"

namespace squall::reach {
namespace {

struct Show {
  std::string manager = "systemd";
  std::string control;
  std::string unit;
  std::string intend;
  Duration limit = seconds(2);
};

const param::Table<Show> table{{
    param::field("manager", &Show::manager, {.about = "systemd, runit, s6 or supervisor."}),
    param::field("control", &Show::control,
                 {.about = "How the manager is reached; its usual place when left out."}),
    param::field("unit", &Show::unit, {.about = "The service.", .required = true}),
    param::field(
        "intend", &Show::intend,
        {.about = "What is meant to be done: stop, mask, freeze, kill, restart, exhaust."}),
    param::field("limit", &Show::limit, {.about = "How long the manager may take."}),
}};

Result<json::object> call(const json::object& params) {
  const Show wanted = TRY(table.from_json(params));
  const Manager& manager = *TRY(find_manager(wanted.manager));
  const Place place{
      .control = wanted.control.empty() ? std::string(manager.usual_control) : wanted.control,
      .unit = wanted.unit};
  sys::Patience patience(wanted.limit);
  if (!wanted.intend.empty()) TRY_VOID(manager.check(place, wanted.intend, patience));
  const UnitState state = TRY(manager.show(place, patience));
  json::array dependents;
  for (const std::string& unit : state.dependents) dependents.push_back(json::string(unit));
  return json::object{{"phase", state.phase},
                      {"masked", state.is_masked},
                      {"frozen", state.is_frozen},
                      {"dependents", std::move(dependents)},
                      {"processes", identities(state.pids)},
                      {"detail", state.detail}};
}

}  // namespace

extern const Verb verb_service_show;
const Verb verb_service_show{.name = "service.show",
                             .about = "how a unit is, and whether something could be done to it",
                             .table = &table,
                             .call = call};

}  // namespace squall::reach
