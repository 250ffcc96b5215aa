// What the tests of the service witnesses share: a systemd of our own with a unit that is started
// again and one that is not, and the other managers with a service each.
#pragma once

#include "sys/private_supervisor_test.h"
#include "sys/private_supervisord_test.h"
#include "sys/private_systemd_test.h"
#include "witness/scenes_test.h"

namespace squall::witness::scenes {

inline constexpr const char* healed_unit = R"([Unit]
DefaultDependencies=no
StartLimitIntervalSec=0
[Service]
ExecStart=/bin/sleep 1000
Restart=always
RestartSec=20ms
)";
inline constexpr const char* fragile_unit = R"([Unit]
DefaultDependencies=no
StartLimitIntervalSec=0
[Service]
ExecStart=/bin/sleep 1000
)";

class WithSystemd : public testing::Test {
 protected:
  void SetUp() override {
    systemd_ = sys::PrivateSystemd::start(
        {{"healed.service", healed_unit}, {"fragile.service", fragile_unit}});
    if (systemd_ == nullptr) GTEST_SKIP() << "no systemd of our own can be had here";
  }
  json::object params(const std::string& unit, json::object more = {}) const {
    more["control"] = systemd_->socket();
    more["unit"] = unit;
    return more;
  }
  void kill(const std::string& unit) const {
    ::kill(static_cast<pid_t>(systemd_->pids_of(unit).at(0)), SIGKILL);
  }

  std::unique_ptr<sys::PrivateSystemd> systemd_;
};

}  // namespace squall::witness::scenes
