// Scenes of containers, of a Docker daemon of our own. Daemon and container are made once for the
// whole program, since a scene is made hundreds of times.
#include <fmt/core.h>

#include "change/scenes_test.h"
#include "core/check.h"
#include "sys/container.h"
#include "sys/private_dockerd_test.h"

namespace squall::change {
namespace {

// With the container that all scenes act upon; nullptr where no daemon can be had.
sys::PrivateDockerd* shared_dockerd() {
  static const bool is_furnished = [] {
    sys::PrivateDockerd* dockerd = sys::PrivateDockerd::shared();
    if (dockerd == nullptr) return false;
    dockerd->docker({"network", "create", "--subnet", "10.77.0.0/24", "front"});
    dockerd->run_sleeper("victim",
                         {"--network", "front", "--ip", "10.77.0.9", "--network-alias", "shop"});
    return true;
  }();
  return is_furnished ? sys::PrivateDockerd::shared() : nullptr;
}

class ContainerScene : public Scene {
 public:
  ContainerScene() {
    // Whatever the scene before left.
    dockerd_.docker({"unpause", "victim"});
    dockerd_.docker({"start", "victim"});
    dockerd_.docker({"update", "--pids-limit", "-1", "--cpu-quota", "-1", "victim"});
    connect();
    id_ = sys::read_process(dockerd_.pid_of("victim")).value().id;
    groups_ = sys::container_groups(id_, dockerd_.id_of("victim"));
    CHECK(!groups_.empty(), "the container has control groups");
  }

 protected:
  Request request_for(const std::string& kind, json::object more) const {
    more["socket"] = dockerd_.socket();
    more["container"] = "victim";
    return {kind, std::move(more)};
  }

  void connect() const {
    dockerd_.docker(
        {"network", "connect", "--ip", "10.77.0.9", "--alias", "shop", "front", "victim"});
  }

  sys::PrivateDockerd& dockerd_ = *shared_dockerd();
  sys::ProcessId id_;
  std::vector<std::string> groups_;
};

struct PausedContainer : ContainerScene {
  Request request() override { return request_for("container.state", {{"state", "paused"}}); }
  std::string observe() override {
    std::string text;
    for (const std::string& group : groups_) {
      for (const char* file : {"/freezer.state", "/cgroup.events"}) {
        const Result<std::string> state = sys::read_file(group + file);
        if (state.ok()) text += *state;
      }
    }
    return text;
  }
  void edit_as_third_party() override { dockerd_.docker({"unpause", "victim"}); }
};

struct StoppedContainer : ContainerScene {
  Request request() override {
    return request_for("container.state", {{"state", "stopped"}, {"grace", "0 s"}});
  }
  std::string observe() override {
    return fmt::format("{} processes", sys::container_processes(groups_).size());
  }
  void edit_as_third_party() override { dockerd_.docker({"start", "victim"}); }
};

struct DisconnectedContainer : ContainerScene {
  Request request() override { return request_for("container.network", {{"network", "front"}}); }
  std::string observe() override {
    const std::string trie =
        sys::read_file(fmt::format("/proc/{}/net/fib_trie", id_.pid), 1 << 20).value();
    const bool has_address = trie.find("10.77.0.9") != std::string::npos;
    return (has_address ? "has its address, " : "has no address, ") +
           dockerd_.inspect("victim", "(index .NetworkSettings.Networks \"front\").Aliases");
  }
  void edit_as_third_party() override { connect(); }
};

struct LimitedContainer : ContainerScene {
  Request request() override {
    return request_for("container.limits", {{"cpu", "25 %"}, {"processes", 10}});
  }
  std::string observe() override {
    std::string text;
    for (const std::string& group : groups_) {
      for (const char* file : {"/cpu.max", "/cpu.cfs_quota_us", "/pids.max"}) {
        const Result<std::string> value = sys::read_file(group + file);
        if (value.ok()) text += file + (" " + *value);
      }
    }
    return text;
  }
  void edit_as_third_party() override {
    dockerd_.docker({"update", "--pids-limit", "77", "victim"});
  }
  std::string observe_edit() override {
    std::string text;
    for (const std::string& group : groups_) {
      const Result<std::string> value = sys::read_file(group + "/pids.max");
      if (value.ok()) text += *value;
    }
    return text;
  }
};

struct KilledContainer : ContainerScene {
  Request request() override { return request_for("container.act", {{"act", "kill"}}); }
  std::string observe() override { return sys::is_alive(id_) ? "alive" : "dead"; }
};

template <class S>
SceneMaker container_maker(std::string name, std::string kind, Traits traits) {
  return {std::move(name), std::move(kind), traits, []() -> std::unique_ptr<Scene> {
            if (shared_dockerd() == nullptr) return nullptr;
            return std::make_unique<S>();
          }};
}

}  // namespace

std::vector<SceneMaker> container_scenes() {
  const Traits traits{.needs_root = true, .is_editable = true};
  return {container_maker<PausedContainer>("container_state_paused", "container.state", traits),
          container_maker<StoppedContainer>("container_state_stopped", "container.state", traits),
          container_maker<DisconnectedContainer>("container_network", "container.network", traits),
          container_maker<LimitedContainer>("container_limits", "container.limits", traits),
          container_maker<KilledContainer>("container_act", "container.act", {.needs_root = true})};
}

}  // namespace squall::change
