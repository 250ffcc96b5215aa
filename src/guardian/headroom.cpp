#include "guardian/headroom.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include <fmt/core.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "core/text.h"
#include "core/units.h"
#include "sys/controllers.h"
#include "sys/file.h"
#include "sys/process.h"

namespace squall::guardian {
namespace {

// Filesystems without which the host does not work: those that hold one of these.
constexpr std::array<const char*, 13> host_places = {
    "/",    "/boot", "/dev/shm", "/etc",     "/home",    "/root",   "/run",
    "/tmp", "/usr",  "/var",     "/var/lib", "/var/log", "/var/tmp"};

// A reserve of inodes where the policy has only an amount of space.
constexpr double inode_share = 0.05;

double number(std::string_view text) {
  text = trim(text);
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string read_small(const std::string& path) {
  Result<std::string> text = sys::read_file(path, 1 << 16);
  return text.ok() ? std::move(*text) : std::string();
}

// "MemTotal:  123 kB", in bytes; 0 when there is no such line.
double meminfo_bytes(std::string_view text, std::string_view key) {
  const std::size_t start = text.find(key);
  if (start == std::string_view::npos) return 0;
  return number(text.substr(start + key.size())) * 1024;
}

std::optional<Room> host_memory() {
  const std::string text = read_small("/proc/meminfo");
  const Room room{"on the host", meminfo_bytes(text, "MemAvailable:"),
                  meminfo_bytes(text, "MemTotal:")};
  return room.total > 0 ? std::optional(room) : std::nullopt;
}

// Files that nobody used lately count as free, as they do in MemAvailable.
std::optional<Room> group_memory(const std::string& group, bool is_v2) {
  const auto use = sys::group_use("memory", group, {.is_v2 = is_v2});
  if (!use || !use->limit) return std::nullopt;
  const auto caches =
      sys::group_number(group, "memory.stat", is_v2 ? "inactive_file" : "total_inactive_file");
  const std::uint64_t needed = use->used - std::min(use->used, caches.value_or(0));
  const auto total = static_cast<double>(*use->limit);
  return Room{"in the control group " + group, total - static_cast<double>(needed), total};
}

// "allocated free maximum"
std::optional<Room> host_descriptors() {
  const std::string text = read_small("/proc/sys/fs/file-nr");
  std::vector<std::string> words = split(trim(text), '\t');
  if (words.size() != 3) return std::nullopt;
  const double total = number(words[2]);
  return Room{"on the host", total - number(words[0]), total};
}

// Every thread needs a number of its own. "0.00 0.01 0.05 2/345 6789" holds how many there are.
std::optional<Room> host_processes() {
  const std::string load = read_small("/proc/loadavg");
  const std::size_t slash = load.find('/');
  const double total = std::min(number(read_small("/proc/sys/kernel/pid_max")),
                                number(read_small("/proc/sys/kernel/threads-max")));
  if (slash == std::string::npos || total <= 0) return std::nullopt;
  const std::string_view rest = std::string_view(load).substr(slash + 1);
  return Room{"on the host", total - number(rest.substr(0, rest.find(' '))), total};
}

std::optional<Room> group_processes(const std::string& group) {
  const auto use = sys::group_use("pids", group, {});
  if (!use || !use->limit) return std::nullopt;
  const auto total = static_cast<double>(*use->limit);
  return Room{"in the control group " + group, total - static_cast<double>(use->used), total};
}

// The path, or the nearest folder above it that exists.
std::string existing(std::string path) {
  while (path.size() > 1 && !sys::exists(path)) path = sys::folder_of(path);
  return path;
}

dev_t device_of(const std::string& path) {
  struct stat status {};
  return ::stat(existing(path).c_str(), &status) == 0 ? status.st_dev : 0;
}

DiskRoom look_at_disk(const std::string& path, const std::vector<dev_t>& guarded) {
  DiskRoom disk{.device = device_of(path)};
  struct statfs status {};
  if (::statfs(existing(path).c_str(), &status) != 0) return disk;
  disk.is_guarded = std::find(guarded.begin(), guarded.end(), disk.device) != guarded.end();
  disk.is_memory = status.f_type == TMPFS_MAGIC || status.f_type == RAMFS_MAGIC;
  const std::string where = fmt::format("on the filesystem of {}", path);
  const auto block = static_cast<double>(status.f_bsize);
  disk.space = {where, static_cast<double>(status.f_bavail) * block,
                static_cast<double>(status.f_blocks) * block};
  disk.inodes = {where, static_cast<double>(status.f_ffree), static_cast<double>(status.f_files)};
  return disk;
}

// How one resource is told, and what the policy calls its reserve.
struct Resource {
  std::string_view name;     // "memory"
  std::string_view setting;  // "memory_reserve"
  bool is_bytes = false;
};
constexpr Resource memory{"memory", "memory_reserve", true};
constexpr Resource descriptors{"descriptors", "descriptors_reserve"};
constexpr Resource processes{"processes", "processes_reserve"};
constexpr Resource disk_space{"disk space", "disk_reserve", true};
constexpr Resource inodes{"inodes", "disk_reserve"};

std::string say(double amount, const Resource& resource) {
  const double shown = std::max(0.0, std::floor(amount));
  if (!resource.is_bytes) return fmt::format("{:.0f}", shown);
  return render_rounded(Bytes{static_cast<std::uint64_t>(shown)});
}

struct Asked {
  double now = 0;
  double pending = 0;
};

Status check_room(const Resource& resource, Asked asked, const Room& room, const Reserve& reserve) {
  const double kept = reserve.of(room.total);
  const double spare = room.left - asked.pending - kept;
  if (asked.now <= 0 || asked.now <= spare) return ok();
  const std::string promised =
      asked.pending > 0
          ? fmt::format(", of which other faults will take {}", say(asked.pending, resource))
          : "";
  return error(
      Code::refused,
      fmt::format("head-room: this takes {} of {}; {} of {} are left {}{}, and {} are kept in "
                  "reserve ({})",
                  say(asked.now, resource), resource.name, say(room.left, resource),
                  say(room.total, resource), room.where, promised, say(kept, resource),
                  resource.setting),
      spare > 0
          ? fmt::format("ask for at most {}, or lower {} in the guardian's policy",
                        say(spare, resource), resource.setting)
          : fmt::format("free some first, or lower {} in the guardian's policy", resource.setting));
}

Reserve inode_reserve(const Policy& policy) {
  return {.share = policy.disk_reserve.amount > 0 ? inode_share : policy.disk_reserve.share};
}

}  // namespace

bool is_empty(const change::Demand& demand) {
  return demand.memory.count == 0 && demand.descriptors == 0 && demand.processes == 0 &&
         demand.disk.empty();
}

void Pending::add(const change::Demand& demand) {
  memory += static_cast<double>(demand.memory.count);
  descriptors += static_cast<double>(demand.descriptors);
  processes += static_cast<double>(demand.processes);
  for (const change::DiskDemand& disk : demand.disk) {
    Disk& sum = disks[device_of(disk.path)];
    sum.space += static_cast<double>(disk.space.count);
    sum.inodes += static_cast<double>(disk.inodes);
  }
}

HostRooms::HostRooms(const std::vector<std::string>& guarded) {
  for (const char* place : host_places) guarded_devices_.push_back(device_of(place));
  for (const std::string& place : guarded) guarded_devices_.push_back(device_of(place));
  const Result<sys::Process> self = sys::read_process(::getpid());
  if (!self.ok()) return;
  for (const std::string_view controller : {"memory", "pids"}) {
    const auto hierarchy = sys::hierarchy_with(controller);
    if (!hierarchy) continue;
    const Result<std::string> own = sys::cgroup_directory_of(self->id, *hierarchy);
    if (!own.ok()) continue;
    const bool is_memory = controller == "memory";
    if (is_memory) memory_is_v2_ = hierarchy->is_v2;
    (is_memory ? memory_groups_ : pid_groups_) = sys::groups_upward(*own, *hierarchy);
  }
}

HeadRoom HostRooms::look(const change::Demand& demand) const {
  HeadRoom rooms;
  const auto add = [](std::vector<Room>& list, std::optional<Room> room) {
    if (room) list.push_back(std::move(*room));
  };
  for (const change::DiskDemand& disk : demand.disk) {
    rooms.disks.push_back(look_at_disk(disk.path, guarded_devices_));
  }
  const bool fills_memory = std::any_of(rooms.disks.begin(), rooms.disks.end(),
                                        [](const DiskRoom& disk) { return disk.is_memory; });
  if (demand.memory.count > 0 || fills_memory) {
    add(rooms.memory, host_memory());
    for (const std::string& group : memory_groups_) {
      add(rooms.memory, group_memory(group, memory_is_v2_));
    }
  }
  if (demand.descriptors > 0) add(rooms.descriptors, host_descriptors());
  if (demand.processes > 0) {
    add(rooms.processes, host_processes());
    for (const std::string& group : pid_groups_) add(rooms.processes, group_processes(group));
  }
  return rooms;
}

Status check_headroom(const change::Demand& demand, const Pending& pending, const HeadRoom& room,
                      const Policy& policy) {
  auto memory_asked = static_cast<double>(demand.memory.count);
  for (std::size_t i = 0; i < room.disks.size() && i < demand.disk.size(); ++i) {
    const DiskRoom& disk = room.disks[i];
    const auto space = static_cast<double>(demand.disk[i].space.count);
    if (disk.is_memory) memory_asked += space;
    if (!disk.is_guarded) continue;
    const auto found = pending.disks.find(disk.device);
    const Pending::Disk others = found == pending.disks.end() ? Pending::Disk{} : found->second;
    TRY_VOID(check_room(disk_space, {space, others.space}, disk.space, policy.disk_reserve));
    if (disk.inodes.total <= 0) continue;
    const auto count = static_cast<double>(demand.disk[i].inodes);
    TRY_VOID(check_room(inodes, {count, others.inodes}, disk.inodes, inode_reserve(policy)));
  }
  for (const Room& one : room.memory) {
    TRY_VOID(check_room(memory, {memory_asked, pending.memory}, one, policy.memory_reserve));
  }
  for (const Room& one : room.descriptors) {
    const Asked asked{static_cast<double>(demand.descriptors), pending.descriptors};
    TRY_VOID(check_room(descriptors, asked, one, policy.descriptors_reserve));
  }
  for (const Room& one : room.processes) {
    const Asked asked{static_cast<double>(demand.processes), pending.processes};
    TRY_VOID(check_room(processes, asked, one, policy.processes_reserve));
  }
  return ok();
}

std::optional<std::string> find_shortage(const HeadRoom& room, const Policy& policy) {
  std::optional<std::string> found;
  const auto look = [&](const Resource& resource, const Room& one, const Reserve& reserve) {
    const double kept = reserve.of(one.total);
    if (found || one.total <= 0 || one.left >= kept / 2) return;
    found = fmt::format("head-room: {} of {} are left {}, less than half of the reserve of {} ({})",
                        say(one.left, resource), resource.name, one.where, say(kept, resource),
                        resource.setting);
  };
  for (const Room& one : room.memory) look(memory, one, policy.memory_reserve);
  for (const Room& one : room.descriptors) look(descriptors, one, policy.descriptors_reserve);
  for (const Room& one : room.processes) look(processes, one, policy.processes_reserve);
  for (const DiskRoom& disk : room.disks) {
    if (!disk.is_guarded) continue;
    look(disk_space, disk.space, policy.disk_reserve);
    look(inodes, disk.inodes, inode_reserve(policy));
  }
  return found;
}

}  // namespace squall::guardian
