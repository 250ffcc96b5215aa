// Eyes on a service of a service manager: what the manager shows to anybody who asks, and what the
// kernel shows of the service's processes. Only looks; nothing here can give an order.
//
//  - systemd: properties of the unit over D-Bus; whether it is frozen from its control group.
//  - runit: the texts that runsv keeps in the service's folder. s6: the status file there.
//  - supervisor: getProcessInfo over XML-RPC.
#pragma once

#include <memory>
#include <string>

#include "core/duration.h"
#include "core/result.h"

namespace squall::net {

struct ServicePlace {
  std::string manager = "systemd";  // systemd, runit, s6 or supervisor
  std::string control;              // how it is reached; empty: where it usually is
  std::string unit;
};

struct ServiceSight {
  enum class Phase { runs, down, failed, between };
  Phase phase = Phase::between;
  bool is_masked = false;
  bool is_frozen = false;
  std::int64_t main_pid = 0;  // as the manager numbers it; 0: none
  std::int64_t restarts = 0;  // that the manager counted (systemd's NRestarts)
  std::string detail;         // "active (running)"
};

class ServiceView {
 public:
  // Code::invalid for an unknown manager, Code::not_found for a service that is not there,
  // Code::unsupported where no manager answers.
  static Result<std::unique_ptr<ServiceView>> open(const ServicePlace& place, Duration limit);
  virtual ~ServiceView() = default;
  // One look, within the limit given to `open`.
  virtual Result<ServiceSight> look() = 0;
};

}  // namespace squall::net
