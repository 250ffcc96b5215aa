// Processes: finding them, holding them without pid-reuse races, and reading their state.
//
// A pid alone names nothing for long. ProcessId pairs it with the start time that the kernel keeps,
// and signals go through a pidfd that was checked against it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/choices.h"
#include "core/duration.h"
#include "core/result.h"
#include "core/selector.h"
#include "sys/fd.h"

namespace squall::sys {

struct ProcessId {
  std::int64_t pid = 0;
  std::uint64_t start_ticks = 0;  // field 22 of /proc/PID/stat: clock ticks since boot
  friend auto operator<=>(const ProcessId&, const ProcessId&) = default;
};

struct Process {
  ProcessId id;
  std::int64_t parent = 0;
  char state = '?';             // R S D T t Z X I, as in /proc/PID/stat
  std::string name;             // comm, at most 15 bytes
  std::string command_line;     // arguments joined by one space; empty for kernel threads
  std::uint32_t uid = 0;        // effective user
  std::uint64_t cpu_ticks = 0;  // user + system
  bool is_kernel_thread = false;
};

// Code::not_found when there is no such process.
Result<Process> read_process(std::int64_t pid);
// Every process of this pid namespace, in pid order. Those that die during the walk are left out.
std::vector<Process> list_processes();
// True while the process exists and is not a zombie.
bool is_alive(ProcessId id);
// A pidfd that is certain to mean `id`. Code::not_found when it is gone, or the pid was reused.
Result<Fd> open_process(ProcessId id);
// Waits until the pidfd reports the end of the process. False: the time ran out first.
bool wait_for_end(const Fd& pidfd, Duration limit);
// pidfd_send_signal(2).
Status send_signal(const Fd& pidfd, int signal);

// All processes that match the selector, in order of (start time, pid), without `pick` applied.
// Kernel threads never match. Errors: a pid file that cannot be read, a unit or cgroup that does
// not exist, a port whose listener this user may not see.
Result<std::vector<Process>> find_processes(const Selector& selector);
// Applies `pick` with counter-based choices; targets are identified by command line and position,
// so the same seed picks the same place in the list in every run.
std::vector<Process> pick_processes(const Selector& selector, std::vector<Process> found,
                                    const Choices& choices, std::uint64_t ordinal);

// The cgroup directories, absolute paths in all hierarchies. A text without a slash is the name of
// a unit and is found at any depth; with one ("/web", "web/worker") it is exactly the path below
// the root of a hierarchy, so that a nested host's cgroup of the same name is not meant by
// accident.
std::vector<std::string> find_cgroups(std::string_view unit_or_path);
// The pids in a cgroup directory and below it, sorted. Processes of other pid namespaces, which
// have no number here, are left out.
std::vector<std::int64_t> cgroup_members(const std::string& directory);

// This process, its parent, and so on up to pid 1.
std::vector<std::int64_t> ancestors(std::int64_t pid);
// 15, "15", "TERM", "SIGTERM" -> 15; "RTMIN+1" too. Code::invalid with the list otherwise.
Result<int> parse_signal(std::string_view text);
std::string signal_name(int signal);

}  // namespace squall::sys
