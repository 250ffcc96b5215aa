#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "probes/measure_test.h"
#include "sys/private_supervisor_test.h"
#include "sys/private_systemd_test.h"

namespace squall::probe {
namespace {

using ::testing::HasSubstr;

const std::string fragile =
    "[Unit]\nDefaultDependencies=no\nStartLimitIntervalSec=0\n[Service]\n"
    "ExecStart=/bin/sleep 1000\n";

TEST(ServiceProbe, TellsHowAUnitOfSystemdIs) {
  const auto systemd = sys::PrivateSystemd::start({{"fragile.service", fragile}});
  if (systemd == nullptr) GTEST_SKIP() << "no systemd of our own can be had here";
  const json::object params{{"unit", "fragile.service"}, {"control", systemd->socket()}};
  const Sample running = measure("service", params);
  EXPECT_EQ(running.problem, "");
  EXPECT_EQ(text_in(running, "state"), "running");
  EXPECT_EQ(
      why_broken(running, "service", R"({"state": "running", "restarts": 0, "masked": false})"),
      "");
  ::kill(static_cast<pid_t>(systemd->pids_of("fragile.service").at(0)), SIGKILL);
  sys::Patience patience(seconds(10));
  Sample dead = measure("service", params);
  while (text_in(dead, "state") != "failed" && !patience.is_over()) {
    dead = measure("service", params);
  }
  EXPECT_EQ(text_in(dead, "state"), "failed");
  EXPECT_THAT(why_broken(dead, "service", R"({"state": "running"})"), HasSubstr("failed"));
  const json::object ghost{{"unit", "ghost.service"}, {"control", systemd->socket()}};
  EXPECT_THAT(measure("service", ghost).problem, HasSubstr("systemd knows no unit ghost.service"));
}

TEST(ServiceProbe, TellsHowAServiceOfRunitIs) {
  const auto supervisor = sys::PrivateSupervisor::start("/usr/bin/runsv");
  if (supervisor == nullptr) GTEST_SKIP() << "runit is not installed";
  const json::object params{
      {"unit", "victim"}, {"manager", "runit"}, {"control", supervisor->folder()}};
  EXPECT_EQ(why_broken(measure("service", params), "service", R"({"frozen": false})"), "");
  ASSERT_TRUE(sys::command_supervisor(supervisor->service(), "p").ok());
  sys::Patience patience(seconds(10));
  while (!why_broken(measure("service", params), "service", R"({"frozen": true})").empty() &&
         !patience.is_over()) {
  }
  EXPECT_EQ(why_broken(measure("service", params), "service", R"({"frozen": true})"), "");
}

TEST(ServiceProbe, SaysThatNoManagerAnswers) {
  const Sample sample = measure("service", {{"unit", "a.service"}, {"control", "/nowhere/bus"}});
  EXPECT_FALSE(bool_at(sample.values, "reached", true));
  EXPECT_THAT(sample.problem, HasSubstr("no systemd answers"));
  EXPECT_THAT(mistake_in("service", {{"unit", "a"}, {"manager", "upstart"}}),
              HasSubstr("not one of the words"));
}

}  // namespace
}  // namespace squall::probe
