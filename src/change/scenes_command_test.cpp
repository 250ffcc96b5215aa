// Scenes of command: a file that one command makes and another removes.
#include <filesystem>

#include <sys/stat.h>

#include "change/scenes_test.h"
#include "change/targets_test.h"
#include "core/check.h"
#include "sys/file.h"

namespace squall::change {
namespace {

class CommandScene : public Scene {
 public:
  Request request() override {
    return {"command",
            {{"apply", json::array{"cp", "/etc/hostname", thing_}},
             {"undo", json::array{"rm", "-f", thing_}},
             {"look", json::array{"test", "-e", thing_}}}};
  }
  std::string observe() override {
    return std::filesystem::exists(thing_) ? "there: " + sys::read_file(thing_).value() : "nothing";
  }

 private:
  Folder folder_;
  std::string thing_ = folder_.path() + "/thing";
};

}  // namespace

std::vector<SceneMaker> command_scenes() {
  return {{"command", "command", {}, [] { return std::make_unique<CommandScene>(); }}};
}

}  // namespace squall::change
