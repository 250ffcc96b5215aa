// What the witnesses of services share: which service is meant, and the first look at it.
#pragma once

#include "net/service_view.h"
#include "param/table.h"

namespace squall::witness {

// The fields `manager`, `control` and `unit` of a table whose struct derives from ServicePlace.
template <class P>
std::vector<param::Field<P>> service_fields() {
  const auto of = [](std::string net::ServicePlace::*member) {
    return static_cast<std::string P::*>(member);
  };
  return {param::field("manager", of(&net::ServicePlace::manager),
                       {.about = "systemd, runit, s6 or supervisor."}),
          param::field("control", of(&net::ServicePlace::control),
                       {.about = "How the manager is reached; its usual place when left out."}),
          param::field("unit", of(&net::ServicePlace::unit),
                       {.about = "The service.", .required = true})};
}

// A connection, or files, of the witness's own.
Result<std::unique_ptr<net::ServiceView>> open_view(const net::ServicePlace& place);

// The first look that shows a main process: one that is just being restarted is waited for.
// Code::not_found when there is none within 2 s.
Result<net::ServiceSight> await_running(net::ServiceView& view, const std::string& unit);

}  // namespace squall::witness
