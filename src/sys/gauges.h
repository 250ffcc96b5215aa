// Gauges of load: what a host and single processes use of CPU, memory, disk and network.
//
// The files of /proc are opened once and read again by pread(2), so that one reading costs some
// microseconds and a sampler at 10 ms disturbs nothing. Totals count since boot; who wants a rate
// takes two readings and their times.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "core/duration.h"
#include "core/result.h"
#include "core/units.h"
#include "sys/fd.h"
#include "sys/process.h"

namespace squall::sys {

// Pressure stall information: for how long, since boot, at least one task waited for the resource.
struct PressureTotals {
  Duration cpu;
  Duration memory;
  Duration io;
};

struct GaugeReading {
  Duration at;  // CLOCK_MONOTONIC, when the reading began
  // Of all CPUs together, 0 to 100 %, since the reading before. The kernel counts in ticks of
  // mostly 10 ms: a reading sooner than one tick after another repeats its shares.
  Share cpu_busy;      // neither idle nor waiting for disks; without what was stolen
  Share cpu_stolen;    // taken by the hypervisor for others
  Bytes memory_used;   // MemTotal - MemAvailable
  Bytes disk_read;     // whole disks; no partitions, nor devices that stand on other devices
  Bytes disk_written;  // the same
  Bytes network_in;    // all interfaces but lo, each for itself: bridged traffic counts twice
  Bytes network_out;   // the same
  Bytes loopback;      // received on lo, which is also what was sent on it
  std::optional<PressureTotals> pressure;  // absent where the kernel has none
};

class Gauges {
 public:
  // `proc` and `block` are /proc and /sys/block, or folders that look like them. The network is
  // that of the calling thread's network namespace, then and later. Takes a first reading, from
  // which the shares of the next count. Errors: a file that is missing or not as the kernel
  // writes it.
  static Result<Gauges> open(const std::string& proc = "/proc",
                             const std::string& block = "/sys/block");
  Result<GaugeReading> read();

 private:
  struct CpuTicks {
    std::uint64_t busy = 0;
    std::uint64_t stolen = 0;
    std::uint64_t all = 0;
  };

  Gauges() = default;
  Status read_cpu(GaugeReading& reading);
  Status read_memory(GaugeReading& reading);
  Status read_disks(GaugeReading& reading);
  Status read_network(GaugeReading& reading);
  Status read_pressure(GaugeReading& reading);
  bool is_whole_disk(const std::string& name);

  Fd cpu_;
  Fd memory_;
  Fd disks_;
  Fd network_;
  Fd cpu_pressure_;
  Fd memory_pressure_;
  Fd io_pressure_;
  std::string block_;
  std::map<std::string, bool> whole_disks_;  // by name, as looked up
  CpuTicks ticks_;
  Share cpu_busy_;
  Share cpu_stolen_;
};

struct ProcessReading {
  Duration at;        // CLOCK_MONOTONIC
  Duration cpu_time;  // of all threads since the start, those that ended included
  Bytes resident;     // memory in RAM, shared pages included; 0 for a zombie
};

class ProcessGauges {
 public:
  // Code::not_found when the process is gone or its pid was reused.
  static Result<ProcessGauges> open(ProcessId id);
  // Code::not_found when it has ended and was reaped; never reads another process of that pid.
  Result<ProcessReading> read() const;

 private:
  ProcessGauges(ProcessId id, Fd memory) : id_(id), memory_(std::move(memory)) {}

  ProcessId id_;
  Fd memory_;
};

}  // namespace squall::sys
