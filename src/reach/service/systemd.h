// One connection to a systemd, and what is asked and told over it (org.freedesktop.systemd1(5)).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/bus.h"
#include "reach/service/managers.h"

namespace squall::reach {

class Systemd {
 public:
  // Code::unsupported where no systemd answers.
  static Result<Systemd> open(const std::string& socket, sys::Patience& patience);

  // A method of the manager itself.
  Result<json::array> call(const std::string& member, const std::string& signature,
                           json::array arguments);
  // All properties of a unit, those of a service among them. Code::not_found for a unit that has no
  // file.
  Result<json::object> unit(const std::string& name);
  // The unit's state now: "active".
  Result<std::string> active_state(const std::string& name);
  // What of the units that need `name` runs now, sorted. Code::refused when more than services
  // would be stopped with it.
  Result<std::vector<std::string>> dependents(const std::string& name);
  // Its directory of control groups as we see it; empty when it has none.
  std::string cgroup(const json::object& properties) const;

  sys::Patience& patience() { return *patience_; }

 private:
  Systemd(net::Bus bus, std::string root, sys::Patience& patience)
      : bus_(std::move(bus)), root_(std::move(root)), patience_(&patience) {}
  Result<std::string> path_of(const std::string& name);

  net::Bus bus_;
  std::string root_;  // where that systemd's root folder is for us: "" or "/proc/77/root"
  sys::Patience* patience_;
};

}  // namespace squall::reach
