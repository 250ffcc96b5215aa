// A process that tells which time it reads, for tests of what is done to its clock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/node.h"
#include "sys/fd.h"
#include "sys/process.h"

namespace squall::change {

// How far the clocks that the process reads through the vDSO are ahead of the kernel's.
struct ClockReadings {
  std::int64_t read_at_ns = 0;  // CLOCK_MONOTONIC, right after the first of them
  std::int64_t realtime_ns = 0;
  std::int64_t coarse_ns = 0;
  std::int64_t tai_ns = 0;
  std::int64_t gettimeofday_ns = 0;
  std::int64_t time_ns = 0;
  std::int64_t monotonic_ns = 0;
};

// Dies with us.
class ClockVictim {
 public:
  // `busy_threads` read the clock all the time. With `has_own_namespaces` it stands in mount and
  // pid namespaces of its own.
  struct Setting {
    int busy_threads = 0;
    bool has_own_namespaces = false;
  };
  ClockVictim() : ClockVictim(Setting{}) {}
  explicit ClockVictim(Setting setting);
  ~ClockVictim();
  ClockVictim(const ClockVictim&) = delete;
  ClockVictim& operator=(const ClockVictim&) = delete;

  // nullopt when it does not answer within 2 s: it is stopped, or dead.
  std::optional<ClockReadings> read() const;
  // Forks a child of the victim, which then answers in its place; the victim lives on.
  void fork_child() const;
  // It becomes another program; returns when it has.
  void execute_sleep() const;
  // Kills and reaps it. Children that were forked live on.
  void end();
  // The bytes of its vDSO.
  std::string vdso() const;
  sys::ProcessId id() const;
  json::object params() const;  // {pid, start_ticks}

 private:
  int pid_ = 0;
  sys::Fd ask_;
  sys::Fd answer_;
};

}  // namespace squall::change
