// Scenes of services: units of a systemd of our own, and services of runsv, s6-supervise and
// supervisord. Each manager is started once for the whole program, since a scene is made hundreds
// of times.
#include <filesystem>

#include <fmt/core.h>
#include <unistd.h>

#include "change/scenes_test.h"
#include "core/check.h"
#include "sys/clock.h"
#include "sys/private_supervisor_test.h"
#include "sys/private_supervisord_test.h"
#include "sys/private_systemd_test.h"

namespace squall::change {
namespace {

const std::string victim = R"([Unit]
DefaultDependencies=no
StartLimitIntervalSec=0
[Service]
ExecStart=/bin/sleep 1000
)";
const std::string follower = R"([Unit]
DefaultDependencies=no
StartLimitIntervalSec=0
Requires=victim.service
After=victim.service
[Service]
ExecStart=/bin/sleep 1000
)";
const std::string limited = R"([Unit]
DefaultDependencies=no
StartLimitIntervalSec=1h
StartLimitBurst=2
[Service]
ExecStart=/bin/sleep 1000
Restart=always
RestartSec=1ms
)";

sys::PrivateSystemd* shared_systemd() {
  static const auto systemd = sys::PrivateSystemd::start(
      {{"victim.service", victim}, {"follower.service", follower}, {"limited.service", limited}});
  return systemd.get();
}

// Waits, with a limit, for what a manager does a moment later.
void await(const std::function<bool()>& is_so) {
  const Duration deadline = sys::monotonic_now() + seconds(10);
  while (!is_so() && sys::monotonic_now() < deadline) {
    sys::sleep_until(sys::monotonic_now() + milliseconds(1));
  }
  CHECK(is_so(), "the manager does its work");
}

class UnitScene : public Scene {
 public:
  explicit UnitScene(std::string unit, std::string state)
      : unit_(std::move(unit)), state_(std::move(state)) {
    // Whatever the scene before left.
    systemd_.systemctl({"reset-failed"});
    systemd_.systemctl({"start", "victim.service", "follower.service", unit_});
    await([this] { return systemd_.pids_of(unit_).size() == 1; });
  }
  Request request() override {
    return {"service.state", {{"control", systemd_.socket()}, {"unit", unit_}, {"state", state_}}};
  }
  std::string observe() override {
    return fmt::format("{} and {} processes", systemd_.pids_of(unit_).size(),
                       systemd_.pids_of("follower.service").size());
  }
  std::string observe_edit() override {
    return fmt::format("{} processes", systemd_.pids_of(unit_).size());
  }
  void edit_as_third_party() override {
    systemd_.systemctl({"reset-failed", unit_});
    systemd_.systemctl({"start", unit_});
    await([this] { return systemd_.pids_of(unit_).size() == 1; });
  }

 protected:
  sys::PrivateSystemd& systemd_ = *shared_systemd();
  std::string unit_;
  std::string state_;
};

struct StoppedUnit : UnitScene {
  StoppedUnit() : UnitScene("victim.service", "stopped") {}
};
struct ExhaustedUnit : UnitScene {
  ExhaustedUnit() : UnitScene("limited.service", "exhausted") {}
};

struct FrozenUnit : UnitScene {
  FrozenUnit() : UnitScene("victim.service", "frozen") {}
  std::string observe() override { return sys::read_file(group() + "/cgroup.events").value(); }
  std::string observe_edit() override { return observe(); }
  void edit_as_third_party() override {
    CHECK(sys::write_control(group() + "/cgroup.freeze", "0").ok(), "the group is ours");
    await([this] { return observe().find("frozen 0") != std::string::npos; });
  }
  std::string group() const { return systemd_.group_of(unit_); }
};

struct MaskedUnit : UnitScene {
  MaskedUnit() : UnitScene("victim.service", "masked") {}
  std::string observe() override {
    return systemd_.systemctl({"show", unit_, "-p", "LoadState"}) +
           (std::filesystem::is_symlink(link()) ? "a link" : "no link");
  }
  std::string observe_edit() override { return observe(); }
  void edit_as_third_party() override {
    std::filesystem::remove(link());
    systemd_.systemctl({"daemon-reload"});
  }
  std::string link() const { return systemd_.folder() + "/run/systemd/user/" + unit_; }
};

struct KilledUnit : UnitScene {
  KilledUnit() : UnitScene("victim.service", "") { id_ = sys::read_process(pid())->id; }
  Request request() override {
    return {"service.act", {{"control", systemd_.socket()}, {"unit", unit_}, {"act", "kill"}}};
  }
  std::string observe() override { return sys::is_alive(id_) ? "alive" : "dead"; }

 private:
  std::int64_t pid() const { return systemd_.pids_of(unit_).at(0); }
  sys::ProcessId id_;
};

// Paused by its supervisor. Stopping and starting would take a second each.
class PausedScene : public Scene {
 public:
  PausedScene(std::string manager, sys::PrivateSupervisor& supervisor)
      : manager_(std::move(manager)), supervisor_(supervisor) {
    edit_as_third_party();
  }
  Request request() override {
    return {"service.state",
            {{"manager", manager_},
             {"control", supervisor_.folder()},
             {"unit", "victim"},
             {"state", "frozen"}}};
  }
  std::string observe() override {
    const bool is_stopped = sys::read_process(supervisor_.status().pid)->state == 'T';
    return fmt::format("{}, {}", is_stopped ? "stopped" : "running",
                       supervisor_.status().is_paused ? "paused" : "not paused");
  }
  void edit_as_third_party() override {
    CHECK(sys::command_supervisor(supervisor_.service(), "c").ok(), "it listens");
    await([this] { return observe() == "running, not paused"; });
  }

 private:
  std::string manager_;
  sys::PrivateSupervisor& supervisor_;
};

class StoppedProgram : public Scene {
 public:
  explicit StoppedProgram(sys::PrivateSupervisord& supervisord) : supervisord_(supervisord) {}
  Request request() override {
    return {"service.state",
            {{"manager", "supervisor"},
             {"control", supervisord_.socket()},
             {"unit", "victim"},
             {"state", "stopped"}}};
  }
  std::string observe() override { return supervisord_.child_pid() == 0 ? "stopped" : "running"; }
  void edit_as_third_party() override {
    sys::Patience patience(seconds(10));
    static_cast<void>(
        sys::run_command(
            {.argv = {"supervisorctl", "-s", "unix://" + supervisord_.socket(), "start", "victim"}},
            patience)
            .ok());
    await([this] { return observe() == "running"; });
  }

 private:
  sys::PrivateSupervisord& supervisord_;
};

template <class S>
SceneMaker unit_maker(std::string name, std::string kind, Traits traits) {
  return {std::move(name), std::move(kind), traits, []() -> std::unique_ptr<Scene> {
            if (shared_systemd() == nullptr) return nullptr;
            return std::make_unique<S>();
          }};
}

SceneMaker paused_maker(std::string name, std::string manager, std::string program) {
  return {std::move(name),
          "service.state",
          {.is_editable = true},
          [manager, program]() -> std::unique_ptr<Scene> {
            static std::map<std::string, std::unique_ptr<sys::PrivateSupervisor>> shared;
            auto& one = shared[manager];
            if (one == nullptr) one = sys::PrivateSupervisor::start(program);
            if (one == nullptr) return nullptr;
            return std::make_unique<PausedScene>(manager, *one);
          }};
}

std::unique_ptr<Scene> make_stopped_program() {
  static const auto supervisord = sys::PrivateSupervisord::start();
  if (supervisord == nullptr) return nullptr;
  return std::make_unique<StoppedProgram>(*supervisord);
}

}  // namespace

std::vector<SceneMaker> service_scenes() {
  const Traits traits{.needs_root = true, .is_editable = true};
  return {unit_maker<StoppedUnit>("service_state_stopped", "service.state", traits),
          unit_maker<FrozenUnit>("service_state_frozen", "service.state", traits),
          unit_maker<MaskedUnit>("service_state_masked", "service.state", traits),
          unit_maker<ExhaustedUnit>("service_state_exhausted", "service.state", traits),
          paused_maker("service_state_paused_by_runit", "runit", "/usr/bin/runsv"),
          paused_maker("service_state_paused_by_s6", "s6", "/usr/bin/s6-supervise"),
          {"service_state_stopped_by_supervisor",
           "service.state",
           {.is_editable = true},
           make_stopped_program},
          unit_maker<KilledUnit>("service_act", "service.act", {.needs_root = true})};
}

}  // namespace squall::change
