// Scenes of the changes that take from the host: memory, descriptors, processes.
#include <atomic>
#include <csignal>
#include <filesystem>
#include <memory>

#include <fmt/core.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "change/scenes_test.h"
#include "core/check.h"
#include "core/text.h"
#include "sys/clock.h"
#include "sys/controllers.h"
#include "sys/file.h"
#include "sys/process.h"

namespace squall::change {
namespace {

// What the processes of one name below this process hold, and whether their fence stands. Those
// that lose their parent become its children.
class BallastScene : public Scene {
 public:
  explicit BallastScene(std::string_view controller) {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (const auto hierarchy = sys::hierarchy_with(controller)) mount_ = hierarchy->mount;
  }
  ~BallastScene() override {
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    ::prctl(PR_SET_CHILD_SUBREAPER, 0);
  }
  std::string observe() override {
    std::string text;
    for (const sys::Process& process : sys::list_processes()) {
      if (!process.name.starts_with("squall-ballast") || !sys::is_alive(process.id)) continue;
      const std::vector<std::int64_t> chain = sys::ancestors(process.id.pid);
      if (std::count(chain.begin(), chain.end(), ::getpid()) == 0) continue;
      text += fmt::format("{} ", weight_of(process.id.pid));
    }
    return text + (fence_stands() ? "fenced" : "free");
  }

 protected:
  virtual std::string weight_of(std::int64_t pid) = 0;
  std::string fence() const { return fmt::format("squall-scene-{}", ::getpid()); }

 private:
  bool fence_stands() const {
    if (mount_.empty()) return false;
    std::error_code problem;
    for (std::filesystem::recursive_directory_iterator at(mount_, problem), end; at != end;
         at.increment(problem)) {
      if (at->path().filename() == fence()) return true;
    }
    return false;
  }
  std::string mount_;
};

class MemoryBallastScene : public BallastScene {
 public:
  MemoryBallastScene() : BallastScene("memory") {}
  Request request() override {
    return {"memory.ballast", {{"size", "24 MiB"}, {"ramp", "0 s"}, {"fence", fence()}}};
  }

 private:
  std::string weight_of(std::int64_t pid) override {
    const Result<std::string> text = sys::read_file(fmt::format("/proc/{}/status", pid));
    for (const std::string& line : split(text.ok() ? *text : "", '\n')) {
      if (line.starts_with("RssAnon:"))
        return fmt::format("{} MiB", std::stoull(line.substr(8)) / 1024);
    }
    return "nothing";
  }
};

class DescriptorsBallastScene : public BallastScene {
 public:
  DescriptorsBallastScene() : BallastScene("pids") {}
  Request request() override { return {"descriptors.ballast", {{"count", 3000}, {"ramp", "0 s"}}}; }

 private:
  std::string weight_of(std::int64_t pid) override {
    const auto open = sys::list_folder(fmt::format("/proc/{}/fd", pid));
    return open.ok() && open->size() > 1000 ? "many files" : "few files";
  }
};

class ProcessesBallastScene : public BallastScene {
 public:
  ProcessesBallastScene() : BallastScene("pids") {}
  Request request() override {
    return {"processes.ballast", {{"count", 40}, {"ramp", "0 s"}, {"fence", fence()}}};
  }

 private:
  std::string weight_of(std::int64_t) override { return "one"; }
};

// A process that takes a piece of memory and gives it back, again and again. In a fence without
// memory to give it waits in the kernel, and only the right order of the undo wakes it.
class Taker {
 public:
  Taker() {
    void* shared =
        ::mmap(nullptr, sizeof(Rounds), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(shared != MAP_FAILED, "a shared page");
    rounds_ = std::construct_at(static_cast<Rounds*>(shared), 0);
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(0);
    while (true) take_and_give_back();
  }
  ~Taker() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    ::munmap(rounds_, sizeof(Rounds));
  }
  Taker(const Taker&) = delete;
  Taker& operator=(const Taker&) = delete;
  int pid() const { return pid_; }
  // The round under way may have all its memory already: the next one tells.
  bool goes_on() const {
    const std::uint64_t next = rounds_->load() + 2;
    const Duration deadline = sys::monotonic_now() + milliseconds(300);
    while (rounds_->load() < next && sys::monotonic_now() < deadline) {
      sys::sleep_until(sys::monotonic_now() + milliseconds(1));
    }
    return rounds_->load() >= next;
  }

 private:
  using Rounds = std::atomic<std::uint64_t>;
  void take_and_give_back() {
    constexpr std::size_t size = 4 << 20;
    void* memory =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) ::_exit(1);
    for (std::size_t at = 0; at < size; at += 4096) static_cast<volatile char*>(memory)[at] = 1;
    ::munmap(memory, size);
    rounds_->fetch_add(1);
    sys::sleep_until(sys::monotonic_now() + milliseconds(2));
  }
  Rounds* rounds_ = nullptr;
  int pid_ = 0;
};

class StallScene : public Scene {
 public:
  Request request() override {
    const sys::ProcessId id = sys::read_process(taker_.pid()).value().id;
    const json::array attributes{{{"name", "memory.oom_control"}, {"value", "1"}},
                                 {{"name", "memory.limit_in_bytes"}, {"value", "1048576"}}};
    const json::array processes{
        {{"pid", id.pid}, {"start_ticks", static_cast<std::int64_t>(id.start_ticks)}}};
    return {"cgroup.fence",
            {{"path", fence_}, {"attributes", attributes}, {"processes", processes}}};
  }
  std::string observe() override {
    const Result<std::string> groups = sys::read_file(fmt::format("/proc/{}/cgroup", taker_.pid()));
    return fmt::format("{} {}\n{}", taker_.goes_on() ? "goes on" : "waits",
                       std::filesystem::exists(fence_) ? "fenced" : "free", groups.value());
  }

 private:
  Taker taker_;
  std::string fence_ =
      fmt::format("{}/squall-stall-{}", sys::hierarchy_with("memory")->mount, ::getpid());
};

std::unique_ptr<Scene> stall_scene() {
  const auto hierarchy = sys::hierarchy_with("memory");
  if (!hierarchy || hierarchy->is_v2) return nullptr;
  return std::make_unique<StallScene>();
}

}  // namespace

std::vector<SceneMaker> memory_scenes() {
  return {
      maker<MemoryBallastScene>("memory_ballast", "memory.ballast", {}),
      maker<DescriptorsBallastScene>("descriptors_ballast", "descriptors.ballast", {}),
      maker<ProcessesBallastScene>("processes_ballast", "processes.ballast", {.needs_root = true}),
      {"cgroup_fence_of_a_stalled_process",
       "cgroup.fence",
       {.needs_root = true, .names_processes = true, .touches_in_steps = true},
       stall_scene}};
}

}  // namespace squall::change
