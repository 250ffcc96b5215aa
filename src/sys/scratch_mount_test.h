// Small filesystems for tests: mounted where nobody else sees them, gone with the process.
//
// The first one takes the calling process into a mount namespace of its own. When the process ends,
// however, the kernel drops the namespace with all that is mounted in it, and frees the loop
// devices. Only an empty folder can be left.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <fmt/core.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/check.h"
#include "core/units.h"
#include "sys/command.h"
#include "sys/file.h"

namespace squall::sys {

// False where we may not.
inline bool have_own_mounts() {
  static const bool have = ::unshare(CLONE_NEWNS) == 0 &&
                           ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  return have;
}

class ScratchMount {
 public:
  struct Setting {
    Bytes size{16 << 20};
    std::int64_t inodes = 1000;
    std::string program;  // "mkfs.ext4": on a loop device; empty: a tmpfs
  };

  ScratchMount() : ScratchMount(Setting{}) {}
  // Check is_mounted() afterwards: without root, or without loop devices, it is false.
  explicit ScratchMount(const Setting& setting)
      : path_((std::filesystem::temp_directory_path() / "squall-mount-XXXXXX").string()) {
    CHECK(::mkdtemp(path_.data()) != nullptr, "a temporary folder can be made");
    if (!have_own_mounts()) return;
    is_mounted_ = setting.program.empty() ? mount_tmpfs(setting) : mount_image(setting);
  }
  ScratchMount(const ScratchMount&) = delete;
  ScratchMount& operator=(const ScratchMount&) = delete;
  ~ScratchMount() {
    while (is_mounted_ && ::umount2(path_.c_str(), MNT_DETACH) == 0) {
    }
    ::rmdir(path_.c_str());
  }

  bool is_mounted() const { return is_mounted_; }
  const std::string& path() const { return path_; }
  std::uint64_t free_bytes() const { return space().f_bfree * space().f_frsize; }
  std::uint64_t available_bytes() const { return space().f_bavail * space().f_frsize; }
  std::uint64_t free_inodes() const { return space().f_ffree; }
  std::uint64_t block() const { return space().f_frsize; }

 private:
  struct statvfs space() const {
    struct statvfs now {};
    CHECK(::statvfs(path_.c_str(), &now) == 0, "the filesystem can be looked at");
    return now;
  }
  bool mount_tmpfs(const Setting& setting) {
    const std::string options =
        fmt::format("size={},nr_inodes={}", setting.size.count, setting.inodes);
    return ::mount("squall-test", path_.c_str(), "tmpfs", 0, options.c_str()) == 0;
  }
  bool mount_image(const Setting& setting) {
    const std::string image = path_ + ".image";
    const bool is_made =
        run({"truncate", "-s", std::to_string(setting.size.count), image}) &&
        run({setting.program, "-q", "-F", "-N", std::to_string(setting.inodes), image}) &&
        run({"mount", "-o", "loop", image, path_});
    ::unlink(image.c_str());  // the loop device keeps it until it is unmounted
    return is_made;
  }
  static bool run(const std::vector<std::string>& argv) {
    Patience patience(seconds(20));
    const Result<CommandResult> result = run_command(
        {.argv = argv, .environment = {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}}}, patience);
    return result.ok() && result->end == CommandResult::End::exited && result->exit_code == 0;
  }

  std::string path_;
  bool is_mounted_ = false;
};

}  // namespace squall::sys
