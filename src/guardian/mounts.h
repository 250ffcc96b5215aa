// The kernel's table of mounts, and where a path lies in its filesystem: a bind mount gives the
// same file several paths, but only one place there.
#pragma once

#include <map>
#include <optional>
#include <string>

namespace squall::guardian {

struct Location {
  std::string device;  // "8:1", of the filesystem
  std::string path;    // from the filesystem's own root
};

class MountTable {
 public:
  // Of this process, from /proc/self/mountinfo (proc(5)); empty when it cannot be read.
  static MountTable read();
  // `path` is a real path whose last part may be missing. The mount is that of the file which is
  // found there, so what another mount covers is not mistaken for it.
  std::optional<Location> locate(const std::string& path) const;

 private:
  struct Mount {
    std::string device;
    std::string root;
    std::string point;
  };
  std::map<std::string, Mount> mounts_;  // by id
};

}  // namespace squall::guardian
