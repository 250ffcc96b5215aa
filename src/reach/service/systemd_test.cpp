// systemd for real: one of our own, with units that can be spared.
#include <csignal>

#include "reach/service/calls_test.h"
#include "sys/clock.h"
#include "sys/private_systemd_test.h"

namespace squall::reach {
namespace {

using calls::problem;
using calls::Service;
using testing::HasSubstr;

constexpr const char* victim = R"([Unit]
DefaultDependencies=no
StartLimitIntervalSec=0
[Service]
ExecStart=/bin/sleep 1000
Restart=always
RestartSec=10ms
)";
constexpr const char* follower = R"([Unit]
DefaultDependencies=no
Requires=victim.service
After=victim.service
[Service]
ExecStart=/bin/sleep 1000
)";
constexpr const char* limited = R"([Unit]
DefaultDependencies=no
StartLimitIntervalSec=1h
StartLimitBurst=3
[Service]
ExecStart=/bin/sleep 1000
Restart=on-failure
RestartSec=1ms
)";
constexpr const char* locked = R"([Unit]
DefaultDependencies=no
RefuseManualStop=yes
[Service]
ExecStart=/bin/sleep 1000
)";

class Systemd : public testing::Test {
 protected:
  void SetUp() override {
    systemd_ = sys::PrivateSystemd::start({{"victim.service", victim},
                                           {"follower.service", follower},
                                           {"limited.service", limited},
                                           {"locked.service", locked}});
    if (systemd_ == nullptr) GTEST_SKIP() << "no systemd of our own can be had here";
  }
  Service service(const std::string& unit) const { return {"systemd", systemd_->socket(), unit}; }
  std::size_t running(const std::string& unit) const { return systemd_->pids_of(unit).size(); }
  std::string events(const std::string& unit) const {
    return sys::read_file(systemd_->group_of(unit) + "/cgroup.events").value();
  }
  // Waits for what systemd does by itself.
  bool comes_back(const std::string& unit, std::int64_t other_than) const {
    const Duration deadline = sys::monotonic_now() + seconds(10);
    while (sys::monotonic_now() < deadline) {
      const std::vector<std::int64_t> pids = systemd_->pids_of(unit);
      if (pids.size() == 1 && pids[0] != other_than) return true;
      sys::sleep_until(sys::monotonic_now() + milliseconds(2));
    }
    return false;
  }

  std::unique_ptr<sys::PrivateSystemd> systemd_;
};

TEST_F(Systemd, ShowsAUnitWithItsProcessesAndWhatNeedsIt) {
  const json::object shown = service("victim.service").shown();
  EXPECT_EQ(text_at(shown, "phase"), "running");
  EXPECT_EQ(text_at(shown, "detail"), "active (running)");
  EXPECT_EQ(canonical_json(shown.at("dependents")), R"(["follower.service"])");
  EXPECT_EQ(service("victim.service").pid(), systemd_->pids_of("victim.service").at(0));
}

TEST_F(Systemd, StopsAndStartsAUnitAndWhatWasStoppedWithIt) {
  const Service one = service("victim.service");
  EXPECT_EQ(problem(one.act("stop")), "");
  EXPECT_EQ(one.phase(), "stopped");
  EXPECT_EQ(running("victim.service") + running("follower.service"), 0U);
  EXPECT_EQ(problem(one.act("start", {{"also", json::array{"follower.service"}}})), "");
  EXPECT_EQ(running("victim.service"), 1U);
  EXPECT_EQ(running("follower.service"), 1U);
}

TEST_F(Systemd, FreezesAndThawsEveryProcessOfAUnit) {
  const Service one = service("victim.service");
  EXPECT_EQ(problem(one.show("freeze")), "");
  EXPECT_EQ(problem(one.act("freeze")), "");
  EXPECT_THAT(events("victim.service"), HasSubstr("frozen 1"));
  EXPECT_TRUE(bool_at(one.shown(), "frozen"));
  EXPECT_EQ(problem(one.act("thaw")), "");
  EXPECT_THAT(events("victim.service"), HasSubstr("frozen 0"));
  EXPECT_EQ(problem(one.act("thaw")), "") << "thawing what is not frozen changes nothing";
}

TEST_F(Systemd, MasksUntilUnmaskedAndStartsNothingMeanwhile) {
  const Service one = service("victim.service");
  EXPECT_EQ(problem(one.act("mask")), "");
  EXPECT_TRUE(bool_at(one.shown(), "masked"));
  EXPECT_EQ(running("victim.service"), 1U) << "a mask stops nothing";
  EXPECT_EQ(problem(one.act("stop")), "");
  EXPECT_THAT(problem(one.act("start")), HasSubstr("refused: Unit victim.service is masked"));
  EXPECT_EQ(problem(one.act("unmask")), "");
  EXPECT_FALSE(bool_at(one.shown(), "masked"));
  EXPECT_EQ(problem(one.act("start")), "");
}

TEST_F(Systemd, KillsAUnitWhichSystemdThenStartsAgain) {
  const Service one = service("victim.service");
  const std::int64_t before = one.pid();
  EXPECT_EQ(problem(one.act("kill", {{"signal", SIGKILL}})), "");
  EXPECT_TRUE(comes_back("victim.service", before));
  EXPECT_THAT(systemd_->systemctl({"show", "victim.service", "-p", "NRestarts"}),
              HasSubstr("NRestarts=1"));
}

TEST_F(Systemd, RestartsAUnitAfterAnotherIsRunning) {
  const std::int64_t before = service("victim.service").pid();
  EXPECT_EQ(problem(service("victim.service").act("restart", {{"after", "limited.service"}})), "");
  EXPECT_TRUE(comes_back("victim.service", before));
  EXPECT_EQ(problem(service("limited.service").act("stop")), "");
  EXPECT_THAT(problem(service("victim.service")
                          .act("restart", {{"after", "limited.service"}, {"limit", "300 ms"}})),
              HasSubstr("timed_out: limited.service is not running again within 300 ms"));
}

TEST_F(Systemd, KillsUntilSystemdGivesUpAndStartsItAfterwards) {
  const Service one = service("limited.service");
  EXPECT_EQ(problem(one.show("exhaust")), "");
  EXPECT_EQ(problem(one.act("exhaust")), "");
  EXPECT_EQ(one.phase(), "failed");
  EXPECT_EQ(running("limited.service"), 0U);
  EXPECT_EQ(problem(one.act("start")), "");
  EXPECT_EQ(problem(one.act("exhaust")), "") << "the start gave it its limit back";
}

TEST_F(Systemd, SaysBeforehandWhatCannotBeDone) {
  const Service locked_unit = service("locked.service");
  EXPECT_THAT(problem(locked_unit.show("stop")), HasSubstr("unsupported: systemd cannot stop"));
  EXPECT_THAT(problem(service("victim.service").show("exhaust")), HasSubstr("has no start limit"));
  EXPECT_THAT(problem(service("locked.service").show("exhaust")), HasSubstr("Restart=no"));
  EXPECT_EQ(problem(service("victim.service").show("stop")), "");
}

TEST_F(Systemd, RefusesToStopWhatItWouldForget) {
  sys::Command run{.argv = {"systemd-run", "--user", "-q", "--unit=fleeting", "-p",
                            "DefaultDependencies=no", "sleep", "1000"}};
  run.environment["XDG_RUNTIME_DIR"] = systemd_->folder() + "/run";
  sys::Patience patience(seconds(10));
  ASSERT_EQ(sys::run_command(run, patience).value().exit_code, 0);
  EXPECT_THAT(problem(service("fleeting.service").show("stop")), HasSubstr("is transient"));
}

TEST(SystemdErrors, SayWhatIsMissing) {
  const Service nowhere{"systemd", "/nowhere/bus", "victim.service"};
  EXPECT_THAT(problem(nowhere.show()),
              HasSubstr("unsupported: no systemd answers on /nowhere/bus"));
  const Service odd{"systemd", "tcp:host=127.0.0.1", "victim.service"};
  EXPECT_THAT(problem(odd.show()), HasSubstr("invalid: \"tcp:host=127.0.0.1\" is not the path"));
  const Service unknown{"upstart", "", "victim"};
  EXPECT_THAT(problem(unknown.show()), HasSubstr("invalid: there is no manager \"upstart\""));
}

TEST_F(Systemd, TakesOnlyUnitsThatAreServicesOrTheLike) {
  EXPECT_THAT(problem(service("app.slice").show()), HasSubstr("unsupported: \"app.slice\" is no"));
  EXPECT_THAT(problem(service("../victim.service").show()), HasSubstr("invalid:"));
  EXPECT_THAT(problem(service("ghost.service").show()), HasSubstr("not_found: systemd knows no"));
}

}  // namespace
}  // namespace squall::reach
