// What the kinds that act on services share: which service is meant, for people, for the wire and
// for the witness.
#pragma once

#include <string>
#include <vector>

#include "faults/fault.h"

namespace squall::fault {

enum class ServiceManager { systemd, runit, s6, supervisor };

struct Unit {
  std::string unit;
  ServiceManager manager = ServiceManager::systemd;
  std::string control;
};

// The fields `manager` and `control` of a table whose struct has members of these names.
template <class P>
std::vector<param::Field<P>> manager_fields(ServiceManager P::*manager, std::string P::*control) {
  return {
      param::choice("manager", manager,
                    {{"systemd", ServiceManager::systemd},
                     {"runit", ServiceManager::runit},
                     {"s6", ServiceManager::s6},
                     {"supervisor", ServiceManager::supervisor}},
                    "Who keeps the service running."),
      param::field("control", control,
                   {.about = "How the manager is reached when it is not where it usually is. "
                             "systemd: the socket of its bus (/run/dbus/system_bus_socket); runit "
                             "and s6: the folder that holds the services' folders (/etc/service, "
                             "/run/service); supervisor: its socket (/run/supervisor.sock)."})};
}

// The fields `unit`, `manager` and `control` of a table whose struct derives from Unit, followed by
// its own.
template <class P>
param::Table<P> unit_table(std::vector<param::Field<P>> own = {}) {
  std::vector<param::Field<P>> fields = {param::field(
      "unit", static_cast<std::string P::*>(&Unit::unit),
      {.about = "The service as its manager names it: redis.service.", .required = true})};
  for (auto& field : manager_fields(static_cast<ServiceManager P::*>(&Unit::manager),
                                    static_cast<std::string P::*>(&Unit::control))) {
    fields.push_back(std::move(field));
  }
  for (auto& field : own) fields.push_back(std::move(field));
  return {std::move(fields)};
}

std::string manager_name(ServiceManager manager);
// {"manager", "control", "unit"}, as changes and witnesses take it. A systemd unit gets the ending
// .service when it has none.
json::object identity(const Unit& unit);
std::string describe(const Unit& unit);  // "redis.service (systemd)"
// Code::invalid for a name that no manager takes.
Status check_unit(const Unit& unit);
// Code::unsupported for managers other than systemd: "runit cannot `what`, because `why`".
Status check_is_systemd(const Unit& unit, std::string_view what, std::string_view instead);

// What every kind here needs: a manager that answers.
std::vector<sys::Need> service_needs(const sys::HostFacts& host);

}  // namespace squall::fault
