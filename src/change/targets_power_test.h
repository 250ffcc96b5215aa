// A child in a mount namespace of its own, for tests of what is mounted there.
#pragma once

#include <functional>
#include <string>

#include "core/node.h"
#include "sys/process.h"

namespace squall::change {

// Dies with us.
class PowerVictim {
 public:
  PowerVictim();
  ~PowerVictim();
  PowerVictim(const PowerVictim&) = delete;
  PowerVictim& operator=(const PowerVictim&) = delete;

  sys::ProcessId id() const;
  json::object params() const;  // {pid, start_ticks}
  // Below its own /sys/class/power_supply; "missing" when it is not there.
  std::string read(const std::string& path) const;
  // Every file there, and how often something is mounted over the folder.
  std::string look() const;
  // Runs mount(8) or umount(8) among its mounts.
  void run(const std::vector<std::string>& argv) const;

 private:
  int pid_ = 0;
};

bool can_have_power_victims();

}  // namespace squall::change
