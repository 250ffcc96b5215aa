// Scenes of what is set for each thread of a process: a child with three threads, looked at through
// /proc.
#include <array>
#include <thread>

#include <fmt/core.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "change/scenes_test.h"
#include "change/targets_threads_test.h"
#include "core/check.h"
#include "core/text.h"
#include "sys/file.h"

namespace squall::change {
namespace {

constexpr unsigned nobody = 65534;

class ProcessPriorityScene : public Scene {
 public:
  explicit ProcessPriorityScene(unsigned user = 0) : target_(user) {}
  Request request() override {
    json::object params = target_.params();
    params["nice"] = 17;
    return {"process.priority", std::move(params)};
  }
  std::string observe() override { return target_.observe_column(19); }
  void edit_as_third_party() override {
    for (const int thread : target_.threads()) {
      CHECK(::setpriority(PRIO_PROCESS, static_cast<id_t>(thread), 5) == 0, "the child is ours");
    }
  }

 private:
  ThreadedChild target_;
};

class PriorityOfAnotherUserScene : public ProcessPriorityScene {
 public:
  PriorityOfAnotherUserScene() : ProcessPriorityScene(nobody) {}
};

// On a host with one processor there is nothing to bind to.
class ProcessAffinityScene : public Scene {
 public:
  Request request() override {
    json::object params = target_.params();
    params["cpus"] = std::to_string(first_processor());
    return {"process.affinity", std::move(params)};
  }
  std::string observe() override { return target_.observe_line("Cpus_allowed_list:"); }
  void edit_as_third_party() override {
    cpu_set_t second;
    CPU_ZERO(&second);
    CPU_SET(second_processor(), &second);
    for (const int thread : target_.threads()) {
      CHECK(::sched_setaffinity(thread, sizeof second, &second) == 0, "the child is ours");
    }
  }

 private:
  ThreadedChild target_;
};

}  // namespace

std::vector<SceneMaker> process_scenes() {
  const Traits traits{.is_editable = true, .names_processes = true, .touches_in_steps = true};
  Traits of_another = traits;
  of_another.needs_root = true;
  return {
      {"process_priority", "process.priority", traits,
       [] { return std::make_unique<ProcessPriorityScene>(); }},
      {"process_priority_of_another_user", "process.priority", of_another,
       [] { return std::make_unique<PriorityOfAnotherUserScene>(); }},
      {"process_affinity", "process.affinity", traits,
       []() -> std::unique_ptr<Scene> {
         if (second_processor() < 0) return nullptr;
         return std::make_unique<ProcessAffinityScene>();
       }},
  };
}

}  // namespace squall::change
