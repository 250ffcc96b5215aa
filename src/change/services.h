// What the change kinds on services share: whom they speak of, and how squall-reach is asked.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "change/change.h"
#include "param/table.h"

namespace squall::change {

// A unit of a service manager.
struct Service {
  std::string manager = "systemd";
  std::string control;  // how the manager is reached; empty: where it usually is
  std::string unit;

  json::object params() const;
  std::string describe() const;  // "the systemd unit redis.service"
};

// The fields `manager`, `control` and `unit` of a table whose struct derives from Service.
template <class P>
std::vector<param::Field<P>> service_fields() {
  const auto of = [](std::string Service::*member) {
    return static_cast<std::string P::*>(member);
  };
  return {param::field("manager", of(&Service::manager),
                       {.about = "systemd, runit, s6 or supervisor."}),
          param::field("control", of(&Service::control),
                       {.about = "How the manager is reached; its usual place when left out."}),
          param::field("unit", of(&Service::unit), {.about = "The service.", .required = true})};
}

// Its state, by the verb service.show. `intend` is what is meant to be done: the answer is then an
// error when it cannot be done.
Result<json::object> show_service(const Service& service, std::string_view intend = "");
// One order, by the verb service.act; returns when it is carried out. `more` are further parameters
// of that verb.
Status act_on_service(const Service& service, std::string_view act, json::object more,
                      Duration limit);

// The processes that show_service named.
std::vector<sys::ProcessId> processes_of(const json::object& shown);

// Code::refused for units whose end would cut the way back: the message bus itself, and what
// systemd is made of.
Status check_may_touch(const Service& service);

// A control socket below /proc/PID/root belongs to a host that lives as long as that process. What
// tells that process from a later one of the same number; empty for other sockets.
json::object host_of(std::string_view control);
// Whether it ended. `before` holds what host_of returned, as "host".
bool host_is_gone(const json::object& before);

}  // namespace squall::change
