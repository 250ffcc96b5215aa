// service.restart_all: the services of a stack are restarted one after the other, as in a rolling
// update or after a change of a shared library.
#include <algorithm>

#include <fmt/core.h>

#include "faults/services.h"
#include "faults/typed.h"

namespace squall::fault {
namespace {

enum class Order { given, reversed, shuffled };

struct RestartAll {
  std::vector<std::string> units;
  ServiceManager manager = ServiceManager::systemd;
  std::string control;
  Order order = Order::given;
  Duration every = seconds(1);
  Duration within = seconds(2);

  Unit unit(const std::string& name) const {
    return {.unit = name, .manager = manager, .control = control};
  }
};

constexpr std::size_t units_max = 100;

param::Table<RestartAll> make_table() {
  std::vector<param::Field<RestartAll>> fields = {
      param::field("units", &RestartAll::units,
                   {.about = "The services, each as its manager names it.", .required = true})};
  for (auto& field : manager_fields(&RestartAll::manager, &RestartAll::control)) {
    fields.push_back(std::move(field));
  }
  fields.push_back(param::choice(
      "order", &RestartAll::order,
      {{"given", Order::given}, {"reversed", Order::reversed}, {"shuffled", Order::shuffled}},
      "Which comes first; shuffled: by the seed."));
  fields.push_back(param::field("every", &RestartAll::every,
                                {.about = "From one restart to the next.",
                                 .min = milliseconds(100),
                                 .max = minutes(60),
                                 .typical_low = seconds(1),
                                 .typical_high = seconds(30)}));
  fields.push_back(
      param::field("within", &RestartAll::within,
                   {.about = "How long the next restart waits, when it is due, for the service "
                             "before it to run again.",
                    .min = milliseconds(100),
                    .max = seconds(10)}));
  return {std::move(fields)};
}
const param::Table<RestartAll> table = make_table();

Status check(const RestartAll& all) {
  if (all.units.empty() || all.units.size() > units_max) {
    return error(Code::invalid, fmt::format("units: {} services are named", all.units.size()),
                 fmt::format("name 1 to {}", units_max));
  }
  for (const std::string& name : all.units) {
    TRY_VOID(check_unit(all.unit(name)));
    if (std::count(all.units.begin(), all.units.end(), name) == 1) continue;
    return error(Code::invalid, fmt::format("units: {} is named twice", quote(name)),
                 "name each service once");
  }
  if (all.manager != ServiceManager::supervisor) return ok();
  return error(Code::unsupported,
               "manager: supervisor cannot restart in one step, and if squall died between the "
               "stop and the start, nobody would start the service",
               "use service.kill on each of them");
}

Wants wants(const RestartAll&) {
  return {};
}

std::vector<std::string> ordered(const RestartAll& all, const Choices& choices) {
  std::vector<std::string> units = all.units;
  if (all.order == Order::reversed) std::reverse(units.begin(), units.end());
  if (all.order == Order::shuffled) {
    // By a hash of each name, so that a service taken out moves no other.
    std::sort(units.begin(), units.end(), [&](const std::string& a, const std::string& b) {
      return choices.bits(a, "place", 0) < choices.bits(b, "place", 0);
    });
  }
  return units;
}

Result<Strike> plan(const RestartAll& all, const Facts&, const Choices& choices,
                    std::uint64_t ordinal) {
  const std::vector<std::string> units = ordered(all, choices);
  CHECK(ordinal < units.size(), "there are as many strikes as services");
  const Unit unit = all.unit(units[ordinal]);
  json::object request = identity(unit);
  Strike strike{.target = describe(unit)};
  strike.watches.push_back({"service.restarted", request});
  request["act"] = "restart";
  request["limit"] = render(all.within);
  if (ordinal > 0) request["after"] = identity(all.unit(units[ordinal - 1])).at("unit");
  strike.changes.push_back({"service.act", std::move(request)});
  return strike;
}

Repeat repeat(const RestartAll& all) {
  return {.every = all.every, .times = static_cast<std::int64_t>(all.units.size())};
}

}  // namespace

extern const Kind kind_service_restart_all;
const Kind kind_service_restart_all = kind_of<RestartAll>({
    .name = "service.restart_all",
    .summary = "The services of a stack are restarted one by one, each when the one before runs.",
    .mechanism =
        "Each service is restarted by its manager as in service.restart, `every` after the one "
        "before. When a restart is due and the service before does not run, it is waited for "
        "`within`; if it still does not run, the rest is left alone and the run is aborted, as a "
        "careful rolling update does.",
    .undo = "Nothing is undone by squall: the new processes are the managers' own. If squall dies "
            "between two restarts, no further restart happens.",
    .limits = "The order is by time, not by what the services need of each other: systemd also "
              "restarts what needs a restarted unit. All services have one manager.",
    .lasting = Lasting::instant,
    .irreversible = "the processes that ended cannot be brought back; new ones take their place",
    .example = R"({"units": ["redis.service", "web.service"], "every": "5 s"})",
    .table = &table,
    .needs = service_needs,
    .check = check,
    .wants = wants,
    .plan = plan,
    .repeat = repeat,
});

}  // namespace squall::fault
