// service.act: one order to a service manager, carried out when it answers.
#include <fmt/core.h>

#include "param/table.h"
#include "reach/reach.h"
#include "reach/service/managers.h"

namespace squall::reach {
namespace {

struct Order {
  std::string manager = "systemd";
  std::string control;
  std::string unit;
  std::string act;
  std::int64_t signal = 9;
  bool main_only = false;
  std::vector<std::string> also;
  std::string after;
  Duration limit = seconds(5);
};

const param::Table<Order> table{{
    param::field("manager", &Order::manager, {.about = "systemd, runit, s6 or supervisor."}),
    param::field("control", &Order::control,
                 {.about = "How the manager is reached; its usual place when left out."}),
    param::field("unit", &Order::unit, {.about = "The service.", .required = true}),
    param::field("act", &Order::act,
                 {.about = "stop, start, mask, unmask, freeze, thaw, kill, restart or exhaust.",
                  .required = true}),
    param::field("signal", &Order::signal, {.about = "For kill.", .min = 1, .max = 64}),
    param::field("main_only", &Order::main_only,
                 {.about = "For kill: only the main process of the unit."}),
    param::field("also", &Order::also, {.about = "For start: units to start afterwards."}),
    param::field("after", &Order::after,
                 {.about = "A unit that must run before; waited for within the limit."}),
    param::field("limit", &Order::limit, {.about = "How long all of it may take."}),
}};

Status wait_for_other(const Manager& manager, const Place& other, sys::Patience& patience) {
  return wait_until(
      [&]() -> Result<bool> {
        return TRY(manager.show(other, patience))
        .phase == "running";
      },
      fmt::format("{} is not running again", other.unit), patience);
}

Result<json::object> call(const json::object& params) {
  const Order order = TRY(table.from_json(params));
  const Manager& manager = *TRY(find_manager(order.manager));
  const Place place{
      .control = order.control.empty() ? std::string(manager.usual_control) : order.control,
      .unit = order.unit};
  sys::Patience patience(order.limit);
  if (!order.after.empty()) {
    TRY_VOID(wait_for_other(manager, {.control = place.control, .unit = order.after}, patience));
  }
  TRY_VOID(manager.act(place,
                       {.verb = order.act,
                        .signal = static_cast<int>(order.signal),
                        .main_only = order.main_only,
                        .also = order.also},
                       patience));
  return json::object{};
}

}  // namespace

extern const Verb verb_service_act;
const Verb verb_service_act{.name = "service.act",
                            .about = "one order to a service manager",
                            .table = &table,
                            .call = call};

}  // namespace squall::reach
