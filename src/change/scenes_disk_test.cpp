// Scenes of the kinds that act on disks, each on a filesystem of its own that nobody else sees.
#include <fmt/core.h>

#include "change/scenes_test.h"
#include "change/targets_test.h"
#include "core/check.h"
#include "sys/file.h"
#include "sys/filesystem.h"
#include "sys/host.h"
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

// A folder with one file, to which somebody writes by its path. The third party mounts something
// else over the same folder.
class DiskOverlayScene : public DiskScene {
 public:
  DiskOverlayScene() {
    CHECK(sys::make_folders(folder_).ok(), "the filesystem is ours");
    CHECK(sys::write_file_durably(folder_ + "/file", "as it was").ok(), "the filesystem is ours");
  }
  Request request() override {
    return {"disk.overlay",
            {{"path", folder_},
             {"name", fmt::format("squall-scene-{}", ::getpid())},
             {"effect", "fail"},
             {"error", "EIO"},
             {"works", json::array{"write"}}}};
  }
  std::string observe() override {
    const Result<sys::Fd> file = sys::open_file(folder_ + "/file", O_RDWR);
    if (!file.ok()) return "cannot be opened: " + file.error().message;
    const Status written = sys::write_at(*file, 0, "as");
    return (written.ok() ? "written, " : written.error().message + ", ") + content_of(*file);
  }
  void edit_as_third_party() override {
    CHECK(::mount("third", folder_.c_str(), "tmpfs", 0, "size=64k") == 0, "the folder is ours");
  }

 private:
  static std::string content_of(const sys::Fd& file) {
    const Result<std::string> content = sys::read_at(file, 0, 100);
    return content.ok() ? *content : content.error().message;
  }
  std::string folder_ = mount_.path() + "/folder";
};

// A limit on a disk for a group without processes, in the hierarchy that limits disks.
class DeviceLimitScene : public Scene {
 public:
  static std::unique_ptr<Scene> make() {
    const sys::HostFacts host = sys::look_at_host();
    const sys::Controller* controller = host.controller("blkio");
    if (controller == nullptr) controller = host.controller("io");
    const Result<sys::Filesystem> here = sys::look_at_filesystem("/");
    if (controller == nullptr || !here.ok() || here->disk.major == 0) return nullptr;
    return std::make_unique<DeviceLimitScene>(*controller, render(here->disk));
  }
  DeviceLimitScene(const sys::Controller& controller, std::string device)
      : device_(std::move(device)),
        is_v2_(controller.is_v2),
        group_(fmt::format("{}/test-of-squall-disk-{}", controller.mount, ::getpid())) {}
  Request request() override {
    return {"cgroup.attribute", {{"path", path_}, {"value", value(1 << 20)}}};
  }
  std::string observe() override { return sys::read_file(path_).value(); }
  void edit_as_third_party() override {
    CHECK(sys::write_control(path_, value(3 << 20)).ok(), "the group is ours");
  }

 private:
  std::string value(int bytes) const {
    return fmt::format("{} {}{}", device_, is_v2_ ? "rbps=" : "", bytes);
  }
  std::string device_;
  bool is_v2_;
  Group group_;
  std::string path_ = group_.path() + (is_v2_ ? "/io.max" : "/blkio.throttle.read_bps_device");
};

template <class S>
SceneMaker disk_maker(std::string name, std::string kind, Traits traits = {.needs_root = true}) {
  return {std::move(name), std::move(kind), traits, []() -> std::unique_ptr<Scene> {
            auto scene = std::make_unique<S>();
            if (!scene->is_ready()) return nullptr;
            return scene;
          }};
}

}  // namespace

std::vector<SceneMaker> disk_scenes() {
  return {
      disk_maker<DiskBallastScene>("disk_ballast", "disk.ballast"),
      disk_maker<DiskInodeBallastScene>("disk_inode_ballast", "disk.inode_ballast"),
      disk_maker<DiskOverlayScene>("disk_overlay", "disk.overlay",
                                   {.needs_root = true, .is_editable = true}),
      disk_maker<DiskTrafficScene>("disk_traffic", "disk.traffic"),
      {"cgroup_attribute_of_a_disk",
       "cgroup.attribute",
       {.needs_root = true, .is_editable = true},
       DeviceLimitScene::make},
  };
}

}  // namespace squall::change
