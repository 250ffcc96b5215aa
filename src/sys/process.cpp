#include "sys/process.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <csignal>
#include <limits>
#include <map>

#include <fmt/core.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "core/node.h"
#include "core/text.h"
#include "core/units.h"
#include "sys/clock.h"
#include "sys/container.h"
#include "sys/file.h"
#include "sys/listeners.h"
#include "sys/user.h"

namespace squall::sys {
namespace {

std::optional<std::int64_t> read_number(std::string_view text) {
  text = trim(text);
  std::int64_t value = 0;
  auto [rest, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || rest != text.data() + text.size()) return std::nullopt;
  return value;
}

constexpr std::uint64_t kernel_thread_flag = 0x00200000;  // PF_KTHREAD in field 9 of /proc/PID/stat

// Fills what /proc/PID/stat says. The name stands in brackets and may itself hold brackets and
// blanks.
bool parse_stat(std::string_view text, Process& process) {
  const std::size_t open = text.find('(');
  const std::size_t close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open)
    return false;
  process.name = text.substr(open + 1, close - open - 1);
  const std::vector<std::string> fields = split(trim(text.substr(close + 1)), ' ');
  if (fields.size() < 20) return false;  // fields[0] is field 3, the state
  const auto number = [&](std::size_t field) { return read_number(fields[field - 3]).value_or(0); };
  process.state = fields[0].empty() ? '?' : fields[0][0];
  process.parent = number(4);
  process.is_kernel_thread = (static_cast<std::uint64_t>(number(9)) & kernel_thread_flag) != 0;
  process.cpu_ticks = static_cast<std::uint64_t>(number(14) + number(15));
  process.id.start_ticks = static_cast<std::uint64_t>(number(22));
  return true;
}

bool is_under(const std::vector<std::int64_t>& members, std::int64_t pid) {
  return std::binary_search(members.begin(), members.end(), pid);
}

Result<std::vector<std::int64_t>> members_of(std::string_view what, const std::string& name) {
  const std::vector<std::string> directories = find_cgroups(name);
  if (directories.empty()) {
    return error(Code::not_found,
                 fmt::format("no cgroup of the {} \"{}\" exists", what, printable(name)),
                 "is it running? its cgroup should be a folder below /sys/fs/cgroup");
  }
  std::vector<std::int64_t> members;
  for (const std::string& directory : directories) {
    const std::vector<std::int64_t> more = cgroup_members(directory);
    members.insert(members.end(), more.begin(), more.end());
  }
  std::sort(members.begin(), members.end());
  // The same unit has a group in every hierarchy.
  members.erase(std::unique(members.begin(), members.end()), members.end());
  return members;
}

// From /proc/PID/status, "Uid: real effective saved filesystem". The owner of the folder /proc/PID
// would not do: it is root for every process that changed its user after it started.
std::optional<std::uint32_t> effective_user(std::string_view status) {
  const std::size_t line = status.find("\nUid:");
  if (line == std::string_view::npos) return std::nullopt;
  const std::string_view rest = status.substr(line + 5);
  const std::vector<std::string> fields = split(trim(rest.substr(0, rest.find('\n'))), '\t');
  if (fields.size() < 2) return std::nullopt;
  const auto number = read_number(fields[1]);
  if (!number) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

Result<std::int64_t> pid_in_file(const std::string& path) {
  constexpr std::size_t enough = 4096;
  const Fd file = TRY(open_regular_file(path), "reading the pid file");
  const std::string text = TRY(read_at(file, 0, enough), "reading the pid file " + path);
  const std::size_t start = text.find_first_not_of(" \t\r\n");
  const std::string word = start == std::string::npos
                               ? ""
                               : text.substr(start, text.find_first_of(" \t\r\n", start) - start);
  const auto pid = read_number(word);
  if (!pid || *pid <= 0) {
    return error(Code::invalid, fmt::format("{} does not start with a pid", path),
                 "its first word should be a whole number above 0");
  }
  return *pid;
}

// Mount points of all cgroup hierarchies.
std::vector<std::string> cgroup_roots() {
  std::vector<std::string> roots;
  const Result<std::string> mounts = read_file("/proc/self/mounts");
  if (!mounts.ok()) return roots;
  for (const std::string& line : split(*mounts, '\n')) {
    const std::vector<std::string> fields = split(line, ' ');
    if (fields.size() < 3 || (fields[2] != "cgroup" && fields[2] != "cgroup2")) continue;
    roots.push_back(fields[1]);
  }
  std::sort(roots.begin(), roots.end());
  roots.erase(std::unique(roots.begin(), roots.end()), roots.end());
  return roots;
}

constexpr int cgroup_depth_max = 32;

void find_named_below(const std::string& directory, std::string_view wanted, int depth,
                      std::vector<std::string>& found) {
  const Result<std::vector<std::string>> names = list_subfolders(directory);
  if (!names.ok() || depth > cgroup_depth_max) return;
  for (const std::string& name : *names) {
    const std::string path = directory + "/" + name;
    if (name == wanted) found.push_back(path);
    find_named_below(path, wanted, depth + 1, found);
  }
}

bool has_dot_dot(std::string_view path) {
  const std::vector<std::string> parts = split(path, '/');
  return std::find(parts.begin(), parts.end(), "..") != parts.end();
}

void add_members(const std::string& directory, int depth, std::vector<std::int64_t>& members) {
  if (const Result<std::string> text = read_file(directory + "/cgroup.procs", 16 << 20)) {
    for (const std::string& line : split(*text, '\n')) {
      // 0 stands for a process outside this pid namespace: not ours to touch.
      if (const auto pid = read_number(line); pid && *pid > 0) members.push_back(*pid);
    }
  }
  const Result<std::vector<std::string>> names = list_subfolders(directory);
  if (!names.ok() || depth > cgroup_depth_max) return;
  for (const std::string& name : *names) add_members(directory + "/" + name, depth + 1, members);
}

// "RTMIN+3" and "RTMAX-1"; the numbers behind them differ between C libraries.
std::optional<int> parse_real_time_signal(std::string_view text) {
  const bool is_first = text.starts_with("RTMIN");
  if (!is_first && !text.starts_with("RTMAX")) return std::nullopt;
  const std::string_view rest = text.substr(5);
  const auto distance = rest.empty() ? std::optional<std::int64_t>(0) : read_number(rest.substr(1));
  const bool has_sign = rest.empty() || rest[0] == (is_first ? '+' : '-');
  if (!has_sign || !distance || *distance < 0 || *distance > SIGRTMAX - SIGRTMIN) {
    return std::nullopt;
  }
  const int steps = static_cast<int>(*distance);
  return is_first ? SIGRTMIN + steps : SIGRTMAX - steps;
}

}  // namespace

Result<Process> read_process(std::int64_t pid) {
  const std::string folder = fmt::format("/proc/{}", pid);
  const Result<std::string> stat = read_file(folder + "/stat", 65536);
  Process process;
  process.id.pid = pid;
  if (!stat.ok() || !parse_stat(*stat, process)) {
    return error(Code::not_found, fmt::format("there is no process {}", pid));
  }
  if (const Result<std::string> status = read_file(folder + "/status", 65536)) {
    process.uid = effective_user(*status).value_or(0);
  }
  if (Result<std::string> line = read_file(folder + "/cmdline", 4 << 20)) {
    while (!line->empty() && line->back() == '\0') line->pop_back();
    std::replace(line->begin(), line->end(), '\0', ' ');
    process.command_line = std::move(*line);
  }
  return process;
}

std::vector<Process> list_processes() {
  std::vector<Process> processes;
  const Result<std::vector<std::string>> names = list_folder("/proc");
  if (!names.ok()) return processes;
  for (const std::string& name : *names) {
    const auto pid = read_number(name);
    if (!pid) continue;
    if (Result<Process> process = read_process(*pid)) processes.push_back(std::move(*process));
  }
  std::sort(processes.begin(), processes.end(),
            [](const Process& a, const Process& b) { return a.id.pid < b.id.pid; });
  return processes;
}

bool is_alive(ProcessId id) {
  const Result<Process> process = read_process(id.pid);
  return process.ok() && process->id == id && process->state != 'Z' && process->state != 'X';
}

Result<Fd> open_process(ProcessId id) {
  // The system call would cut a larger number down to a pid that exists.
  if (id.pid <= 0 || id.pid > std::numeric_limits<pid_t>::max()) {
    return error(Code::not_found, fmt::format("there is no process {}", id.pid));
  }
  const int number = static_cast<int>(::syscall(SYS_pidfd_open, id.pid, 0));
  if (number < 0 && errno == ESRCH) {
    return error(Code::not_found, fmt::format("process {} is gone", id.pid));
  }
  if (number < 0) return errno_error(errno, fmt::format("opening process {}", id.pid));
  Fd pidfd(number);
  // The start time is compared after the pidfd was taken: it holds the process that /proc shows
  // now.
  const Result<Process> process = read_process(id.pid);
  if (!process.ok() || process->id != id) {
    return error(Code::not_found,
                 fmt::format("process {} is gone; its pid now belongs to another one", id.pid));
  }
  return pidfd;
}

bool wait_for_end(const Fd& pidfd, Duration limit) {
  const Duration deadline = monotonic_now() + limit;
  while (true) {
    pollfd entry{pidfd.get(), POLLIN, 0};
    const Duration left = deadline - monotonic_now();
    const int ready = ::poll(&entry, 1, left.poll_milliseconds());
    if (ready > 0) return true;
    if (ready == 0 && left.nanoseconds <= 0) return false;
    if (ready < 0 && errno != EINTR) return false;
  }
}

Status send_signal(const Fd& pidfd, int signal) {
  if (::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0) == 0) return ok();
  const int number = errno;
  Error problem = errno_error(number, fmt::format("sending {}", signal_name(signal)));
  if (number == EPERM) problem.next = "only its owner and root may signal it; run squall with sudo";
  return problem;
}

namespace {

// /proc answers for every thread, though it lists processes only.
bool is_process(std::int64_t pid) {
  const Result<std::string> status = read_file(fmt::format("/proc/{}/status", pid), 65536);
  return status.ok() && status->find(fmt::format("\nTgid:\t{}\n", pid)) != std::string::npos;
}

// The processes of these pids that there are.
std::vector<Process> read_processes(const std::vector<std::int64_t>& pids) {
  std::vector<Process> processes;
  for (const std::int64_t pid : pids) {
    if (!is_process(pid)) continue;
    if (Result<Process> process = read_process(pid)) processes.push_back(std::move(*process));
  }
  return processes;
}

}  // namespace

Result<std::vector<Process>> find_processes(const Selector& selector) {
  if (selector.empty()) return error(Code::invalid, "the selector names nothing");
  std::optional<std::int64_t> pid;
  if (selector.pid != 0) pid = selector.pid;
  if (!selector.pid_file.empty()) pid = TRY(pid_in_file(selector.pid_file));
  std::optional<std::vector<std::int64_t>> in_unit;
  if (!selector.unit.empty()) in_unit = TRY(members_of("unit", selector.unit));
  std::optional<std::vector<std::int64_t>> in_cgroup;
  if (!selector.cgroup.empty()) in_cgroup = TRY(members_of("cgroup path", "/" + selector.cgroup));
  std::optional<std::vector<std::int64_t>> on_port;
  if (selector.port != 0) {
    on_port = TRY(listeners_of_port(static_cast<std::uint16_t>(selector.port)));
  }
  std::optional<std::uint32_t> uid;
  if (!selector.user.empty()) uid = TRY(user_id(selector.user));

  // Reading all processes of a host takes milliseconds, and probes ask again and again.
  const std::vector<std::int64_t> alone = pid ? std::vector{*pid} : std::vector<std::int64_t>{};
  const std::vector<std::int64_t>* some = pid ? &alone : nullptr;
  for (const auto* list : {&in_unit, &in_cgroup, &on_port}) {
    if (some == nullptr && list->has_value()) some = &**list;
  }
  std::vector<Process> found;
  for (Process& process : some == nullptr ? list_processes() : read_processes(*some)) {
    if (process.is_kernel_thread || process.state == 'Z' || process.state == 'X') continue;
    if (pid && process.id.pid != *pid) continue;
    if (in_unit && !is_under(*in_unit, process.id.pid)) continue;
    if (in_cgroup && !is_under(*in_cgroup, process.id.pid)) continue;
    if (on_port && !is_under(*on_port, process.id.pid)) continue;
    if (uid && process.uid != *uid) continue;
    if (selector.parent != 0 && process.parent != selector.parent) continue;
    if (!selector.name.empty() && !glob_matches(selector.name, process.name)) continue;
    if (!selector.command_line.empty() &&
        process.command_line.find(selector.command_line) == std::string::npos) {
      continue;
    }
    if (!selector.container.empty() && !is_in_container(process.id.pid, selector.container)) {
      continue;
    }
    found.push_back(std::move(process));
  }
  std::sort(found.begin(), found.end(), [](const Process& a, const Process& b) {
    return std::pair(a.id.start_ticks, a.id.pid) < std::pair(b.id.start_ticks, b.id.pid);
  });
  return found;
}

std::vector<Process> pick_processes(const Selector& selector, std::vector<Process> found,
                                    const Choices& choices, std::uint64_t ordinal) {
  std::size_t count = found.size();
  if (selector.pick == "one") {
    count = 1;
  } else if (const Result<Share> share = parse_share(selector.pick)) {
    count = static_cast<std::size_t>(
        std::ceil(share->fraction * static_cast<double>(found.size()) - 1e-9));
  } else if (const auto number = read_number(selector.pick)) {
    count = static_cast<std::size_t>(std::max<std::int64_t>(*number, 0));
  }
  if (count >= found.size()) return found;
  std::vector<std::string> names;
  // Counted among those of the same command line, so that one process more renames no other.
  std::map<std::string, int> seen;
  for (const Process& process : found) {
    names.push_back(fmt::format("{}#{}", process.command_line, seen[process.command_line]++));
  }
  std::vector<Process> picked;
  for (const std::size_t index : choices.pick(names, count, ordinal)) {
    picked.push_back(std::move(found[index]));
  }
  return picked;
}

std::vector<std::string> find_cgroups(std::string_view unit_or_path) {
  const bool is_path = unit_or_path.find('/') != std::string_view::npos;
  while (unit_or_path.starts_with('/')) unit_or_path.remove_prefix(1);
  while (unit_or_path.ends_with('/')) unit_or_path.remove_suffix(1);
  std::vector<std::string> found;
  if (unit_or_path.empty() || has_dot_dot(unit_or_path)) return found;
  for (const std::string& root : cgroup_roots()) {
    if (!is_path) {
      find_named_below(root, unit_or_path, 0, found);
      continue;
    }
    const std::string path = fmt::format("{}/{}", root, unit_or_path);
    struct stat status {};
    if (::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) found.push_back(path);
  }
  return found;
}

std::vector<std::int64_t> cgroup_members(const std::string& directory) {
  std::vector<std::int64_t> members;
  add_members(directory, 0, members);
  std::sort(members.begin(), members.end());
  members.erase(std::unique(members.begin(), members.end()), members.end());
  return members;
}

std::vector<std::int64_t> ancestors(std::int64_t pid) {
  std::vector<std::int64_t> chain;
  while (pid > 0 && chain.size() < 256) {
    chain.push_back(pid);
    const Result<Process> process = read_process(pid);
    if (!process.ok()) break;
    pid = process->parent;
  }
  return chain;
}

Result<int> parse_signal(std::string_view text) {
  if (const auto number = read_number(text)) {
    if (*number > 0 && *number <= SIGRTMAX) return static_cast<int>(*number);
  }
  std::string_view bare = text.starts_with("SIG") ? text.substr(3) : text;
  if (const std::optional<int> signal = parse_real_time_signal(bare)) return *signal;
  for (int signal = 1; signal < SIGRTMIN; ++signal) {
    const char* name = sigabbrev_np(signal);
    if (name != nullptr && bare == name) return signal;
  }
  return error(Code::invalid, fmt::format("\"{}\" is not a signal", printable(text)),
               "use a name such as KILL, TERM, HUP, USR1, SEGV, RTMIN+1, or a number");
}

std::string signal_name(int signal) {
  if (signal >= SIGRTMIN && signal <= SIGRTMAX) {
    return signal == SIGRTMIN ? "SIGRTMIN" : fmt::format("SIGRTMIN+{}", signal - SIGRTMIN);
  }
  const char* name = sigabbrev_np(signal);
  return name == nullptr ? fmt::format("signal {}", signal) : fmt::format("SIG{}", name);
}

}  // namespace squall::sys
