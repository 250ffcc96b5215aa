// The part of the fingerprint that is read from /proc, the cgroup hierarchies and the file system.

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/core.h>
#include <sys/stat.h>

#include "core/digest.h"
#include "core/text.h"
#include "sys/container.h"
#include "sys/file.h"
#include "sys/fingerprint_parts.h"

namespace squall::sys {
namespace {

constexpr std::size_t cgroups_max = 20000;  // folders over all hierarchies
constexpr int cgroup_depth_max = 32;

// The attributes by which a process group is limited, frozen or given controllers, in v1 and v2.
constexpr std::array<std::string_view, 30> cgroup_attributes = {
    "blkio.throttle.read_bps_device",
    "blkio.throttle.read_iops_device",
    "blkio.throttle.write_bps_device",
    "blkio.throttle.write_iops_device",
    "blkio.weight",
    "cgroup.freeze",
    "cgroup.subtree_control",
    "cpu.cfs_burst_us",
    "cpu.cfs_period_us",
    "cpu.cfs_quota_us",
    "cpu.idle",
    "cpu.max",
    "cpu.max.burst",
    "cpu.shares",
    "cpu.weight",
    "cpuset.cpus",
    "cpuset.mems",
    "freezer.state",
    "io.latency",
    "io.max",
    "io.weight",
    "memory.high",
    "memory.limit_in_bytes",
    "memory.low",
    "memory.max",
    "memory.memsw.limit_in_bytes",
    "memory.min",
    "memory.soft_limit_in_bytes",
    "memory.swap.max",
    "pids.max",
};
static_assert(std::is_sorted(cgroup_attributes.begin(), cgroup_attributes.end()));

struct LimitName {
  std::string_view in_proc;
  std::string_view word;  // as in setrlimit(2)
};
constexpr std::array<LimitName, 16> limit_names = {{{"Max cpu time", "cpu"},
                                                    {"Max file size", "fsize"},
                                                    {"Max data size", "data"},
                                                    {"Max stack size", "stack"},
                                                    {"Max core file size", "core"},
                                                    {"Max resident set", "rss"},
                                                    {"Max processes", "nproc"},
                                                    {"Max open files", "nofile"},
                                                    {"Max locked memory", "memlock"},
                                                    {"Max address space", "as"},
                                                    {"Max file locks", "locks"},
                                                    {"Max pending signals", "sigpending"},
                                                    {"Max msgqueue size", "msgqueue"},
                                                    {"Max nice priority", "nice"},
                                                    {"Max realtime priority", "rtprio"},
                                                    {"Max realtime timeout", "rttime"}}};

void unreadable(const std::string& what, const Error& problem, FingerprintItems& items) {
  items["unreadable " + what] = problem.message;
}

struct Seen {
  std::string id;  // "4711@123456"
  std::string name;
  char state = '?';
  std::string nice;
  bool is_kernel_thread = false;
};

// Reads "pid (name) state ...": field 9 holds the flags, 19 the nice value, 22 the start.
bool read_stat(const std::string& pid, Seen& seen) {
  constexpr unsigned long kernel_thread_flag = 0x00200000;
  const Result<std::string> stat = read_file("/proc/" + pid + "/stat", 65536);
  if (!stat.ok()) return false;
  const std::size_t open = stat->find('(');
  const std::size_t close = stat->rfind(')');
  if (open == std::string::npos || close == std::string::npos || close + 2 >= stat->size()) {
    return false;
  }
  const std::vector<std::string> fields = split(std::string_view(*stat).substr(close + 2), ' ');
  if (fields.size() < 20 || fields[0].empty()) return false;
  seen.id = pid + "@" + fields[22 - 3];
  seen.name = stat->substr(open + 1, close - open - 1);
  seen.state = fields[0].front();
  seen.nice = fields[19 - 3];
  seen.is_kernel_thread =
      (std::strtoul(fields[9 - 3].c_str(), nullptr, 10) & kernel_thread_flag) != 0;
  return true;
}

// /proc/PID/limits is a table with fixed columns: 25 for the name, 20 each for soft and hard.
void note_limits(const std::string& pid, const Seen& seen, FingerprintItems& items) {
  const Result<std::string> table = read_file("/proc/" + pid + "/limits", 65536);
  if (!table.ok()) return;
  for (const std::string& line : split(*table, '\n')) {
    if (line.size() < 66) continue;
    const std::string_view text = line;
    const std::string_view name = trim(text.substr(0, 25));
    for (const LimitName& known : limit_names) {
      if (name != known.in_proc) continue;
      items[fmt::format("limit {} {}", seen.id, known.word)] =
          fmt::format("{}/{}", trim(text.substr(26, 20)), trim(text.substr(47, 20)));
    }
  }
}

// Of the first thread: its nice value and the processors that it may use.
void note_schedule(const std::string& pid, const Seen& seen, FingerprintItems& items) {
  items[fmt::format("schedule {} nice value", seen.id)] = seen.nice;
  const Result<std::string> status = read_file("/proc/" + pid + "/status", 65536);
  constexpr std::string_view key = "\nCpus_allowed_list:";
  const std::size_t at = status.ok() ? status->find(key) : std::string::npos;
  if (at == std::string::npos) return;
  const std::string_view rest = std::string_view(*status).substr(at + key.size());
  items[fmt::format("schedule {} affinity", seen.id)] = trim(rest.substr(0, rest.find('\n')));
}

// Undoes the octal escapes of /proc/self/mountinfo: "\040" is a blank.
std::string unescape(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digit = [&](std::size_t at) { return text[i + at] >= '0' && text[i + at] <= '7'; };
    if (text[i] == '\\' && i + 3 < text.size() && digit(1) && digit(2) && digit(3)) {
      plain += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                 (text[i + 3] - '0'));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

struct Mount {
  std::string point;
  std::string type;
  std::string value;  // everything but the ids
};

// "36 35 98:0 /root /point options shared:1 - type source options". The numbers of mounts and of
// propagation groups are handed out anew at each mount, and those of devices where nothing real
// stands behind.
std::optional<Mount> parse_mount(std::string_view line) {
  const std::vector<std::string> fields = split(line, ' ');
  const auto dash = std::find(fields.begin(), fields.end(), "-");
  if (dash - fields.begin() < 6 || fields.end() - dash < 4) return std::nullopt;
  Mount mount{.point = unescape(fields[4]), .type = dash[1]};
  // A container's network namespace is a new one, at a new place, each time it starts.
  if (mount.type == "nsfs" && is_made_up_namespace(name_of(mount.point))) {
    return Mount{
        .point = folder_of(mount.point) + "/*", .type = mount.type, .value = "a namespace"};
  }
  const std::string device = fields[2].starts_with("0:") ? "" : " of device " + fields[2];
  mount.value =
      fmt::format("{} {}{} at {}, {}; {}", dash[1], dash[2], device, fields[3], fields[5], dash[3]);
  for (auto field = fields.begin() + 6; field != dash; ++field) {
    mount.value += ", " + field->substr(0, field->find(':'));
  }
  return mount;
}

Result<std::vector<Mount>> read_mounts() {
  const std::string text = TRY(read_file("/proc/thread-self/mountinfo"));
  std::vector<Mount> mounts;
  for (const std::string& line : split(text, '\n')) {
    if (std::optional<Mount> mount = parse_mount(line)) mounts.push_back(std::move(*mount));
  }
  return mounts;
}

// Notes one cgroup folder and those below it; false when there are too many.
bool note_cgroup(const std::string& folder, int depth, std::size_t& count,
                 FingerprintItems& items) {
  if (++count > cgroups_max || depth > cgroup_depth_max) return false;
  if (name_of(folder).starts_with("squall-")) items["cgroup " + folder] = "exists";
  const Result<std::vector<std::string>> names = list_folder(folder);
  if (!names.ok()) return true;  // removed meanwhile
  for (const std::string& name : *names) {
    if (!std::binary_search(cgroup_attributes.begin(), cgroup_attributes.end(), name)) continue;
    const Result<std::string> value = read_file(folder + "/" + name, 1 << 20);
    if (value.ok()) items[fmt::format("cgroup {} {}", folder, name)] = trim(*value);
  }
  const Result<std::vector<std::string>> folders = list_subfolders(folder);
  if (!folders.ok()) return true;
  bool complete = true;
  for (const std::string& name : *folders) {
    complete = note_cgroup(folder + "/" + name, depth + 1, count, items) && complete;
  }
  return complete;
}

std::string kind_word(mode_t mode) {
  if (S_ISDIR(mode)) return "folder";
  if (S_ISLNK(mode)) return "link";
  if (S_ISFIFO(mode)) return "pipe";
  if (S_ISSOCK(mode)) return "socket";
  return S_ISREG(mode) ? "file" : "device";
}

}  // namespace

Status note_processes(bool with_limits, FingerprintItems& items) {
  for (const std::string& pid : TRY(list_subfolders("/proc"), "looking for processes")) {
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    Seen seen;
    if (!read_stat(pid, seen) || seen.is_kernel_thread) continue;
    if (seen.state == 'Z' || seen.state == 'X') continue;  // only its parent has not noticed yet
    items["process " + seen.id] = seen.name;
    if (seen.state == 'T') items["stopped " + seen.id] = seen.name;
    if (!with_limits) continue;
    note_limits(pid, seen, items);
    note_schedule(pid, seen, items);
  }
  return ok();
}

void note_cgroups(FingerprintItems& items) {
  const Result<std::vector<Mount>> mounts = read_mounts();
  if (!mounts.ok()) return unreadable("cgroup", mounts.error(), items);
  std::size_t count = 0;
  bool complete = true;
  for (const Mount& mount : *mounts) {
    if (mount.type != "cgroup" && mount.type != "cgroup2") continue;
    complete = note_cgroup(mount.point, 0, count, items) && complete;
  }
  if (complete) return;
  unreadable("cgroup",
             error(Code::failed, fmt::format("there are more than {} cgroups", cgroups_max)),
             items);
}

void note_mounts(FingerprintItems& items) {
  const Result<std::vector<Mount>> mounts = read_mounts();
  if (!mounts.ok()) return unreadable("mount", mounts.error(), items);
  for (const Mount& mount : *mounts) {
    std::string key = "mount " + mount.point;
    // Mounts may lie on top of each other; the highest number is the one that is seen.
    for (int layer = 2; items.contains(key); ++layer) {
      key = fmt::format("mount {} layer {}", mount.point, layer);
    }
    items[key] = mount.value;
  }
}

void note_file(const std::string& path, FingerprintItems& items) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) {
      items["file " + path] = "absent";
    } else {
      unreadable("file " + path, errno_error(errno, "looking at it"), items);
    }
    return;
  }
  std::string value = fmt::format("{}, mode {:o}, owner {}:{}", kind_word(status.st_mode),
                                  status.st_mode & 07777, status.st_uid, status.st_gid);
  if (S_ISREG(status.st_mode)) {
    const Result<std::string> hash = file_sha256(path);
    if (!hash.ok()) return unreadable("file " + path, hash.error(), items);
    value += fmt::format(", {} bytes, SHA-256 {}", status.st_size, *hash);
  }
  if (S_ISLNK(status.st_mode)) {
    std::array<char, 4096> target;
    const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
    if (size > 0) value += ", to " + std::string(target.data(), static_cast<std::size_t>(size));
  }
  items["file " + path] = value;
}

}  // namespace squall::sys
