#include "witness/service_scenes_test.h"

namespace squall::witness {
namespace {

using scenes::open;
using scenes::see;
using scenes::stays_off;

class ServiceState : public scenes::WithSystemd {
 protected:
  std::unique_ptr<Witness> witness(const std::string& unit, const std::string& state) const {
    auto opened = open("service.state", params(unit, {{"state", state}}));
    EXPECT_TRUE(opened.ok()) << opened.error().render();
    return opened.ok() ? std::move(*opened) : nullptr;
  }
};

TEST_F(ServiceState, SeesAStopAndTheStartAfterIt) {
  const auto eyes = witness("fragile.service", "stopped");
  EXPECT_TRUE(stays_off(*eyes, 5));
  systemd_->systemctl({"stop", "fragile.service"});
  const auto down = see(*eyes, true);
  ASSERT_TRUE(down.has_value());
  EXPECT_EQ(down->dose, 1.0);
  EXPECT_EQ(down->detail, "inactive (dead)");
  systemd_->systemctl({"start", "fragile.service"});
  EXPECT_TRUE(see(*eyes, false).has_value());
}

TEST_F(ServiceState, SeesACrashThatNobodyHealsAsDownAndAsGivenUp) {
  const auto down = witness("fragile.service", "stopped");
  const auto given_up = witness("fragile.service", "exhausted");
  EXPECT_TRUE(stays_off(*given_up, 5));
  kill("fragile.service");
  EXPECT_TRUE(see(*down, true).has_value());
  EXPECT_EQ(see(*given_up, true)->detail, "failed (failed)");
}

TEST_F(ServiceState, TakesAPauseBetweenTwoStartsForNeitherDownNorUp) {
  const auto eyes = witness("healed.service", "stopped");
  kill("healed.service");
  EXPECT_TRUE(stays_off(*eyes, 30)) << "it is being restarted";
}

TEST_F(ServiceState, SeesAMaskOnceItIsInEffect) {
  const auto eyes = witness("healed.service", "masked");
  EXPECT_TRUE(stays_off(*eyes, 5));
  systemd_->systemctl({"mask", "--runtime", "healed.service"});
  EXPECT_TRUE(stays_off(*eyes, 5)) << "a link alone does not mask yet";
  systemd_->systemctl({"daemon-reload"});
  EXPECT_TRUE(see(*eyes, true).has_value());
  systemd_->systemctl({"unmask", "--runtime", "healed.service"});
  systemd_->systemctl({"daemon-reload"});
  EXPECT_TRUE(see(*eyes, false).has_value());
}

TEST_F(ServiceState, SeesAFrozenGroupAndNoStoppedProcess) {
  const auto eyes = witness("healed.service", "frozen");
  ::kill(static_cast<pid_t>(systemd_->pids_of("healed.service").at(0)), SIGSTOP);
  EXPECT_TRUE(stays_off(*eyes, 5)) << "a stopped process is not a frozen unit";
  const std::string file = systemd_->group_of("healed.service") + "/cgroup.freeze";
  ASSERT_TRUE(sys::write_control(file, "1").ok());
  EXPECT_TRUE(see(*eyes, true).has_value());
  ASSERT_TRUE(sys::write_control(file, "0").ok());
  EXPECT_TRUE(see(*eyes, false).has_value());
}

TEST_F(ServiceState, SaysThatAUnitIsNotThere) {
  const auto opened = open("service.state", params("ghost.service", {{"state", "stopped"}}));
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, Code::not_found);
}

TEST(ServiceStateElsewhere, SeesAServiceOfRunitAndS6PausedAndDown) {
  for (const auto& [manager, program] :
       {std::pair("runit", "/usr/bin/runsv"), std::pair("s6", "/usr/bin/s6-supervise")}) {
    const auto supervisor = sys::PrivateSupervisor::start(program);
    if (supervisor == nullptr) GTEST_SKIP() << program << " is not installed";
    json::object params{
        {"manager", manager}, {"control", supervisor->folder()}, {"unit", "victim"}};
    params["state"] = "frozen";
    const auto frozen = open("service.state", params).value();
    params["state"] = "stopped";
    const auto down = open("service.state", params).value();
    EXPECT_TRUE(stays_off(*frozen) && stays_off(*down)) << manager;
    ASSERT_TRUE(sys::command_supervisor(supervisor->service(), "p").ok());
    EXPECT_TRUE(see(*frozen, true).has_value()) << manager;
    ASSERT_TRUE(sys::command_supervisor(supervisor->service(), "c").ok());
    EXPECT_TRUE(see(*frozen, false).has_value()) << manager;
    ASSERT_TRUE(sys::command_supervisor(supervisor->service(), "d").ok());
    EXPECT_TRUE(see(*down, true).has_value()) << manager;
  }
}

TEST(ServiceStateElsewhere, SeesAProgramOfSupervisorStopped) {
  const auto supervisord = sys::PrivateSupervisord::start();
  if (supervisord == nullptr) GTEST_SKIP() << "supervisor is not installed";
  const json::object params{{"manager", "supervisor"},
                            {"control", supervisord->socket()},
                            {"unit", "victim"},
                            {"state", "stopped"}};
  const auto down = open("service.state", params).value();
  EXPECT_TRUE(stays_off(*down, 5));
  sys::Patience patience(seconds(10));
  ASSERT_TRUE(sys::run_command({.argv = {"supervisorctl", "-s", "unix://" + supervisord->socket(),
                                         "stop", "victim"}},
                               patience)
                  .ok());
  EXPECT_TRUE(see(*down, true).has_value());
}

TEST(ServiceStateElsewhere, SaysWhichManagersThereAre) {
  const auto odd = open("service.state", {{"manager", "upstart"}, {"unit", "a"}});
  ASSERT_FALSE(odd.ok());
  EXPECT_NE(odd.error().render().find("there is no manager \"upstart\""), std::string::npos);
  const auto nowhere = open("service.state", {{"control", "/nowhere/bus"}, {"unit", "a.service"}});
  EXPECT_EQ(nowhere.error().code, Code::unsupported);
}

}  // namespace
}  // namespace squall::witness
