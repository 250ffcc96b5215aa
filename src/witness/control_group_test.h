// A control group for tests of witnesses, and children that take from it.
#pragma once

#include <csignal>
#include <string>
#include <string_view>

#include <fmt/core.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/controllers.h"
#include "sys/file.h"
#include "sys/patience.h"

namespace squall::witness::scenes {

// In the root of its hierarchy; removed at the end, when its children have ended.
class ControlGroup {
 public:
  explicit ControlGroup(std::string_view controller, std::string_view suffix = "") {
    const auto hierarchy = sys::hierarchy_with(controller);
    if (!hierarchy) return;
    is_v1_ = !hierarchy->is_v2;
    root_ = hierarchy->mount;
    path_ = root_ + "/" + name(suffix);
    is_made_ = ::mkdir(path_.c_str(), 0755) == 0;
  }
  ~ControlGroup() { remove(); }
  ControlGroup(const ControlGroup&) = delete;
  ControlGroup& operator=(const ControlGroup&) = delete;

  void remove() {
    if (!is_made_) return;
    sys::Patience patience(seconds(2));
    while (::rmdir(path_.c_str()) != 0 && !patience.is_over()) {
      sys::Patience(milliseconds(1)).wait({});
    }
    is_made_ = false;
  }
  bool is_made() const { return is_made_; }
  bool is_v1() const { return is_v1_; }
  bool set(std::string_view file, std::string_view value) const {
    return sys::write_control(fmt::format("{}/{}", path_, file), value).ok();
  }
  bool move_in(int pid) const { return set("cgroup.procs", std::to_string(pid)); }
  bool move_out(int pid) const {
    return sys::write_control(root_ + "/cgroup.procs", std::to_string(pid)).ok();
  }
  static std::string name(std::string_view suffix = "") {
    return fmt::format("squall-witness-test-{}{}", ::getpid(), suffix);
  }
  const std::string& path() const { return path_; }

 private:
  bool is_v1_ = true;
  std::string root_;
  std::string path_;
  bool is_made_ = false;
};

// In a child: takes memory and keeps it.
inline void take_memory(std::size_t bytes) {
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (memory == MAP_FAILED) ::_exit(1);
}
// In a child: from SIGUSR1 on, touches 64 MiB page after page.
inline void grow_when_told() {
  ::signal(SIGUSR1, [](int) {
    constexpr std::size_t size = 64 << 20;
    auto* memory = static_cast<volatile char*>(
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    for (std::size_t at = 0; at < size; at += 4096) memory[at] = 1;
  });
}

}  // namespace squall::witness::scenes
