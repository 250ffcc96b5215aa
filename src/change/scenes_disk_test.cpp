// Scenes of the kinds that act on disks, each on a filesystem of its own that nobody else sees.
#include <fmt/core.h>

#include "change/scenes_test.h"
#include "sys/scratch_mount_test.h"

namespace squall::change {
namespace {

class DiskScene : public Scene {
 public:
  bool is_ready() const { return mount_.is_mounted(); }
  std::string observe() override {
    return fmt::format("{} bytes and {} inodes free", mount_.free_bytes(), mount_.free_inodes());
  }

 protected:
  sys::ScratchMount mount_;
};

class DiskBallastScene : public DiskScene {
 public:
  Request request() override {
    return {"disk.ballast", {{"path", mount_.path()}, {"leave", "1 MiB"}}};
  }
};

template <class S>
SceneMaker maker(std::string name, std::string kind) {
  return {std::move(name), std::move(kind), {.needs_root = true}, []() -> std::unique_ptr<Scene> {
            auto scene = std::make_unique<S>();
            if (!scene->is_ready()) return nullptr;
            return scene;
          }};
}

}  // namespace

std::vector<SceneMaker> disk_scenes() {
  return {
      maker<DiskBallastScene>("disk_ballast", "disk.ballast"),
  };
}

}  // namespace squall::change
