#include "change/scenes_test.h"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "change/targets_test.h"
#include "core/check.h"
#include "core/text.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/network_namespace.h"
#include "sys/process.h"

namespace squall::change {
namespace {

constexpr unsigned nobody = 65534;

class ProcessStopScene : public Scene {
 public:
  Request request() override { return {"process.stop", sleeper_.params()}; }
  std::string observe() override {
    return sys::read_process(sleeper_.pid()).value().state == 'T' ? "stopped" : "running";
  }
  void edit_as_third_party() override {
    ::kill(sleeper_.pid(), SIGCONT);
    while (observe() == "stopped") sys::sleep_until(sys::monotonic_now() + milliseconds(1));
  }

 private:
  Sleeper sleeper_;
};

class ProcessSignalScene : public Scene {
 public:
  Request request() override {
    json::object params = sleeper_.params();
    params["signal"] = SIGKILL;
    return {"process.signal", std::move(params)};
  }
  std::string observe() override { return sys::is_alive(id_) ? "alive" : "dead"; }

 private:
  Sleeper sleeper_;
  sys::ProcessId id_ = sleeper_.id();
};

class ProcessRlimitScene : public Scene {
 public:
  explicit ProcessRlimitScene(unsigned user = 0) : sleeper_({.user = user}) {}
  Request request() override {
    json::object params = sleeper_.params();
    params["resource"] = "nofile";
    params["soft"] = 16;
    return {"process.rlimit", std::move(params)};
  }
  std::string observe() override {
    return sys::read_file(fmt::format("/proc/{}/limits", sleeper_.pid())).value();
  }
  void edit_as_third_party() override {
    const rlimit limit{99, hard_};
    CHECK(::prlimit(sleeper_.pid(), RLIMIT_NOFILE, &limit, nullptr) == 0, "the process is ours");
  }

 private:
  static rlim_t own_hard_limit() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_max;
  }
  Sleeper sleeper_;
  rlim_t hard_ = own_hard_limit();
};

class RlimitOfAnotherUserScene : public ProcessRlimitScene {
 public:
  RlimitOfAnotherUserScene() : ProcessRlimitScene(nobody) {}
};

class CgroupAttributeScene : public Scene {
 public:
  Request request() override {
    return {"cgroup.attribute", {{"path", path_}, {"value", is_v1_ ? "20000" : "20000 100000"}}};
  }
  std::string observe() override { return sys::read_file(path_).value(); }
  void edit_as_third_party() override {
    CHECK(sys::write_control(path_, "30000").ok(), "the group is ours");
  }

 private:
  bool is_v1_ = cpu_controller_is_v1();
  Group group_{free_cpu_group()};
  std::string path_ = group_.path() + (is_v1_ ? "/cpu.cfs_quota_us" : "/cpu.max");
};

// Two processes: one in a group of its own, one in the root. On cgroup v2 both are in the root,
// since there a group with processes cannot limit groups inside it.
class CgroupFenceScene : public Scene {
 public:
  CgroupFenceScene() {
    if (is_v1_) move(first_, home_.path());
  }
  Request request() override {
    json::array attributes{{{"name", "cpu.max"}, {"value", "20000 100000"}}};
    if (is_v1_) {
      attributes = {{{"name", "cpu.cfs_period_us"}, {"value", "50000"}},
                    {{"name", "cpu.cfs_quota_us"}, {"value", "10000"}}};
    }
    return {"cgroup.fence",
            {{"path", fence_},
             {"attributes", attributes},
             {"processes", json::array{first_.params(), second_.params()}}}};
  }
  std::string observe() override {
    std::string text = std::filesystem::exists(fence_) ? "fenced" : "free";
    for (const Sleeper* sleeper : {&first_, &second_}) text += "\n" + groups_of(*sleeper);
    return text;
  }
  void edit_as_third_party() override { move(first_, elsewhere_.path()); }
  std::string observe_edit() override { return groups_of(first_); }

 private:
  static std::string groups_of(const Sleeper& sleeper) {
    return sys::read_file(fmt::format("/proc/{}/cgroup", sleeper.pid())).value();
  }
  static void move(const Sleeper& sleeper, const std::string& group) {
    CHECK(sys::write_control(group + "/cgroup.procs", std::to_string(sleeper.pid())).ok(),
          "the groups are ours");
  }

  bool is_v1_ = cpu_controller_is_v1();
  Group home_{free_cpu_group()};
  Group elsewhere_{free_cpu_group()};
  std::string fence_ = (is_v1_ ? home_.path() : sys::folder_of(home_.path())) +
                       fmt::format("/squall-{:08x}", ::getpid());
  Sleeper first_;
  Sleeper second_;
};

// Counts the living burners below this process; those that lose their parent become its children.
class CpuBurnerScene : public Scene {
 public:
  CpuBurnerScene() { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }
  ~CpuBurnerScene() override {
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    ::prctl(PR_SET_CHILD_SUBREAPER, 0);
  }
  Request request() override { return {"cpu.burner", {{"cores", 2}, {"load", "5 %"}}}; }
  std::string observe() override {
    int burners = 0;
    for (const sys::Process& process : sys::list_processes()) {
      if (process.name != "squall-burner" || !sys::is_alive(process.id)) continue;
      const std::vector<std::int64_t> chain = sys::ancestors(process.id.pid);
      burners += std::count(chain.begin(), chain.end(), ::getpid()) > 0 ? 1 : 0;
    }
    return fmt::format("{} burners", burners);
  }
};

// A listener in a network namespace of its own, and what a client there is told.
class NftTableScene : public Scene {
 public:
  NftTableScene() {
    const sockaddr_in address = service();
    listener_ = open_socket();
    const int yes = 1;
    ::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    CHECK(::bind(listener_.get(), generic, sizeof address) == 0, "the port is free");
    CHECK(::listen(listener_.get(), 64) == 0, "a listener");
  }
  Request request() override {
    return {"nft.table",
            {{"name", "squall_scene"},
             {"namespace", namespace_path()},
             {"rules", json::array{{{"direction", "in"},
                                    {"action", "reject"},
                                    {"local_port", port},
                                    {"protocol", "tcp"}}}}}};
  }
  std::string observe() override {
    const sockaddr_in address = service();
    const sys::Fd client = open_socket();
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    return ::connect(client.get(), generic, sizeof address) == 0 ? "open" : std::strerror(errno);
  }

 private:
  static constexpr std::uint16_t port = 7411;
  static sockaddr_in service() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }
  std::string namespace_path() const { return fmt::format("/proc/{}/ns/net", owner_.pid()); }
  sys::Fd open_socket() const {
    const sys::Fd place = sys::open_file(namespace_path(), O_RDONLY).value();
    return sys::open_socket({AF_INET, SOCK_STREAM, 0}, place.get()).value();
  }

  Sleeper owner_{Sleeper::Setting{.has_own_network = true}};
  sys::Fd listener_;
};

template <class S>
SceneMaker cgroup_maker(std::string name, std::string kind, Traits traits) {
  return {std::move(name), std::move(kind), traits, []() -> std::unique_ptr<Scene> {
            if (free_cpu_group().empty()) return nullptr;
            return std::make_unique<S>();
          }};
}

std::vector<SceneMaker> first_scenes() {
  return {
      maker<ProcessStopScene>("process_stop", "process.stop",
                              {.is_editable = true, .names_processes = true}),
      maker<ProcessSignalScene>("process_signal", "process.signal", {.names_processes = true}),
      maker<ProcessRlimitScene>("process_rlimit", "process.rlimit",
                                {.is_editable = true, .names_processes = true}),
      maker<RlimitOfAnotherUserScene>(
          "process_rlimit_of_another_user", "process.rlimit",
          {.needs_root = true, .names_processes = true, .touches_in_steps = true}),
      cgroup_maker<CgroupAttributeScene>("cgroup_attribute", "cgroup.attribute",
                                         {.needs_root = true, .is_editable = true}),
      cgroup_maker<CgroupFenceScene>("cgroup_fence", "cgroup.fence",
                                     {.needs_root = true,
                                      .is_editable = true,
                                      .names_processes = true,
                                      .touches_in_steps = true}),
      maker<CpuBurnerScene>("cpu_burner", "cpu.burner", {}),
      maker<NftTableScene>("nft_table", "nft.table", {.needs_root = true}),
  };
}

}  // namespace

const std::vector<SceneMaker>& scenes() {
  static const std::vector<SceneMaker> all = [] {
    std::vector<SceneMaker> scenes = first_scenes();
    const std::vector<std::vector<SceneMaker>> areas = {
        clock_scenes(),   command_scenes(), container_scenes(), disk_scenes(),     file_scenes(),
        load_scenes(),    memory_scenes(),  packet_scenes(),    postgres_scenes(), power_scenes(),
        process_scenes(), redis_scenes(),   service_scenes(),
    };
    for (const auto& area : areas) scenes.insert(scenes.end(), area.begin(), area.end());
    return scenes;
  }();
  return all;
}

std::vector<SceneMaker> scenes_where(const std::function<bool(const SceneMaker&)>& wanted) {
  std::vector<SceneMaker> found;
  for (const SceneMaker& maker : scenes()) {
    if (wanted(maker)) found.push_back(maker);
  }
  return found;
}

}  // namespace squall::change
