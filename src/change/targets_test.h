// Targets for tests of changes: folders, processes and control groups that vanish with the test.
#pragma once

#include <string>

#include "core/node.h"
#include "sys/process.h"

namespace squall::change {

// A private folder, removed at the end.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// A child that sleeps until it is killed, and dies with us.
class Sleeper {
 public:
  struct Setting {
    unsigned user = 0;  // runs as this user and group; 0 = ours
    bool has_own_network = false;
  };
  Sleeper() : Sleeper(Setting{}) {}
  explicit Sleeper(Setting setting);
  ~Sleeper();
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;
  int pid() const { return pid_; }
  sys::ProcessId id() const;
  json::object params() const;  // {pid, start_ticks}

 private:
  int pid_ = 0;
};

// A control group that is removed at the end with what is in it. Its processes move to the parent.
class Group {
 public:
  explicit Group(std::string path);
  ~Group();
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};
// A free directory name below the hierarchy with the cpu controller; empty when there is none.
std::string free_cpu_group();
bool cpu_controller_is_v1();

}  // namespace squall::change
