// A child with several threads, for tests of what is set for each of them.
#pragma once

#include <string>
#include <vector>

#include "core/node.h"
#include "sys/process.h"

namespace squall::change {

// Has three threads that sleep, and makes one more whenever it gets SIGUSR1. Dies with us.
class ThreadedChild {
 public:
  // Runs as this user; 0 = ours.
  explicit ThreadedChild(unsigned user = 0);
  ~ThreadedChild();
  ThreadedChild(const ThreadedChild&) = delete;
  ThreadedChild& operator=(const ThreadedChild&) = delete;

  int pid() const { return pid_; }
  sys::ProcessId id() const;
  json::object params() const;  // {pid, start_ticks}
  std::vector<int> threads() const;
  // Returns when the thread is there.
  void make_a_thread() const;

  // Of each thread: column `number` of /proc/PID/task/TID/stat, or the rest of the line of
  // .../status that starts with `key`. Of all threads together when they agree: "0 (3 threads)".
  std::string observe_column(std::size_t number) const;
  std::string observe_line(std::string_view key) const;

 private:
  int pid_ = 0;
};

// Processors that this process may use; -1 where there is no second one.
int first_processor();
int second_processor();

}  // namespace squall::change
