// Scenes of the changes that take from the host: memory, descriptors, processes.
#include <filesystem>

#include <fmt/core.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "change/scenes_test.h"
#include "core/text.h"
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
  explicit MemoryBallastScene() : BallastScene("memory") {}
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

template <class S>
SceneMaker maker(std::string name, std::string kind) {
  return {std::move(name), std::move(kind), {}, [] { return std::make_unique<S>(); }};
}

}  // namespace

std::vector<SceneMaker> memory_scenes() {
  return {maker<MemoryBallastScene>("memory_ballast", "memory.ballast")};
}

}  // namespace squall::change
