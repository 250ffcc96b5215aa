// The head-room guard: what the host has left of its memory, descriptors, processes and disks, and
// whether a change may take from it. It may not when less than the reserve of the policy would be
// left, counting what other changes have still to take; and changes that take something end when
// half of the reserve is gone, for whatever reason.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "change/change.h"
#include "guardian/policy.h"
#include "sys/cgroup.h"

namespace squall::guardian {

// One place where a resource can run out, in bytes or counts.
struct Room {
  std::string where;  // "on the host", "in the control group /sys/fs/cgroup/memory/a"
  double left = 0;
  double total = 0;
};

struct DiskRoom {
  dev_t device = 0;
  bool is_guarded = false;  // the host itself needs this filesystem
  bool is_memory = false;   // its files lie in memory (tmpfs)
  Room space;
  Room inodes;  // total 0 where the filesystem makes them as it needs them
};

// Only what a demand asks for; the rest is empty.
struct HeadRoom {
  std::vector<Room> memory;
  std::vector<Room> descriptors;
  std::vector<Room> processes;
  std::vector<DiskRoom> disks;  // of the demand's disks, in their order
};

// What changes in force have still to take.
struct Pending {
  double memory = 0;
  double descriptors = 0;
  double processes = 0;
  struct Disk {
    double space = 0;
    double inodes = 0;
  };
  std::map<dev_t, Disk> disks;

  void add(const change::Demand& demand);
};

// Looks at this host, and at the control groups that this process lives in.
class HostRooms {
 public:
  // `guarded`: paths on the filesystems that the host itself needs, beside the built-in ones.
  explicit HostRooms(const std::vector<std::string>& guarded);
  // Some microseconds for each resource. What cannot be read is left out.
  HeadRoom look(const change::Demand& demand) const;

 private:
  std::vector<std::string> memory_groups_;
  std::vector<std::string> pid_groups_;
  bool memory_is_v2_ = false;
  std::vector<dev_t> guarded_devices_;
};

// Code::refused with the rule, what is left, and what to do.
Status check_headroom(const change::Demand& demand, const Pending& pending, const HeadRoom& room,
                      const Policy& policy);
// Why changes that take this must end now, as a sentence; nothing while half of each reserve is
// left.
std::optional<std::string> find_shortage(const HeadRoom& room, const Policy& policy);

// A demand for nothing needs no look.
bool is_empty(const change::Demand& demand);

}  // namespace squall::guardian
