// A child in a mount namespace of its own whose power supplies the test writes by hand.
#pragma once

#include <filesystem>

#include <fmt/core.h>
#include <sched.h>
#include <sys/mount.h>

#include "sys/file.h"
#include "witness/scenes_test.h"

namespace squall::witness::scenes {

inline void mount_own_supplies() {
  if (::unshare(CLONE_NEWNS) != 0) ::_exit(1);
  if (::mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) != 0) ::_exit(2);
  if (::mount("hand-made", "/sys/class/power_supply", "tmpfs", 0, "size=64k") != 0) ::_exit(3);
}

class PoweredChild : public Child {
 public:
  PoweredChild() : Child(mount_own_supplies) {}
  void set(const std::string& supply, const std::string& name, const std::string& value) const {
    const std::string folder = root() + "/" + supply;
    std::filesystem::create_directory(folder);
    EXPECT_TRUE(sys::write_file_durably(folder + "/" + name, value + "\n", 0644).ok());
  }
  void remove(const std::string& supply) const {
    std::filesystem::remove_all(root() + "/" + supply);
  }
  std::string root() const { return fmt::format("/proc/{}/root/sys/class/power_supply", pid()); }
};

inline bool can_have_supplies() {
  return ::geteuid() == 0 && std::filesystem::is_directory("/sys/class/power_supply");
}

}  // namespace squall::witness::scenes
