// A process under observation. What is read is certain to be about it: the process is held by a
// descriptor, and a reading counts only if the process had not ended when the reading was done, so
// that another process which got the same pid is never mistaken for it.
#pragma once

#include <optional>
#include <string>

#include "core/result.h"
#include "sys/process.h"

namespace squall::witness {

class Subject {
 public:
  // Code::not_found when the process is gone.
  static Result<Subject> open(sys::ProcessId id);

  bool has_ended() const;
  // The text of /proc/PID/`name`; empty optional when the process has ended.
  Result<std::optional<std::string>> read(const std::string& name) const;
  // "/proc/4711/task"
  std::string path(const std::string& name) const;
  const sys::Fd& descriptor() const { return pidfd_; }

 private:
  Subject(sys::ProcessId id, sys::Fd pidfd) : id_(id), pidfd_(std::move(pidfd)) {}

  sys::ProcessId id_;
  sys::Fd pidfd_;
};

// What /proc/PID/stat and /proc/PID/task/TID/stat say of interest here.
struct Stat {
  char state = '?';
  double cpu_seconds = 0;  // user and system, of all threads where it is the stat of a process
};
// Empty when the text is not such a line.
std::optional<Stat> parse_stat(std::string_view text);

// "S (sleeping)", "T (stopped)"
std::string describe_state(char state);

}  // namespace squall::witness
