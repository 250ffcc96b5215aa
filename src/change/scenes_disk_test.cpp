// Scenes of the kinds that act on disks, each on a filesystem of its own that nobody else sees.
#include <fmt/core.h>

#include "change/scenes_test.h"
#include "sys/scratch_mount_test.h"

namespace squall::change {
namespace {

class DiskScene : public Scene {
 public:
  DiskScene() = default;
  explicit DiskScene(const sys::ScratchMount::Setting& setting) : mount_(setting) {}
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

class DiskInodeBallastScene : public DiskScene {
 public:
  Request request() override {
    return {"disk.inode_ballast", {{"path", mount_.path()}, {"leave", 10}}};
  }
};

// On a loop device, where the scratch file is seen by the space that it takes.
class DiskTrafficScene : public DiskScene {
 public:
  DiskTrafficScene() : DiskScene({.size = Bytes{16 << 20}, .program = "mkfs.ext4"}) {}
  Request request() override {
    return {"disk.traffic",
            {{"path", mount_.path()}, {"rate", "100 /s"}, {"file_size", "1 MiB"}, {"depth", 2}}};
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
      maker<DiskInodeBallastScene>("disk_inode_ballast", "disk.inode_ballast"),
      maker<DiskTrafficScene>("disk_traffic", "disk.traffic"),
  };
}

}  // namespace squall::change
