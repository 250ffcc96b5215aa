// The machine code that stands in for the clock functions of a process whose clock is skewed.
//
// It is put into the unused end of the process's private copy of the vDSO, and the functions
// clock_gettime, gettimeofday and time get a jump to it as their first instruction. All else of the
// vDSO stays, so a thread in the middle of a function goes on unharmed. The stand-ins ask the
// kernel by a system call and then move what it says: by `offset_ns`, and by `rate_ppb` times what
// has passed since `origin_ns` on the same clock. CLOCK_MONOTONIC and its kin pass unmoved.
//
// x86-64 only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "sys/process.h"

namespace squall::change {

struct ClockShift {
  std::int64_t offset_ns = 0;
  std::int64_t rate_ppb = 0;  // parts per billion: 500'000 = 500 ppm
  friend bool operator==(const ClockShift&, const ClockShift&) = default;
};

// Replaced bytes at `offset` from the start of the vDSO.
struct ClockPatch {
  std::uint64_t offset = 0;
  std::string bytes;
};

class ClockStub {
 public:
  // Fits the stand-ins into a vDSO image. Code::unsupported, with the reason, when they do not fit,
  // a function is missing, or the processor is another one.
  static Result<ClockStub> fit(std::string image);

  // The stand-ins and their data, as they are to be written. The clocks of this moment become the
  // origin. `owner` is the process for whose change it is; its children inherit the mark.
  ClockPatch stub(const sys::ProcessId& owner, const ClockShift& shift) const;
  // One jump for each function.
  const std::vector<ClockPatch>& jumps() const { return jumps_; }
  // What stands there in an untouched vDSO.
  ClockPatch untouched(const ClockPatch& patch) const;
  // First bytes of the stub of this owner: enough to know it by, whatever the shift.
  std::string mark(const sys::ProcessId& owner) const;
  // The shift in a stub of this owner, read back; nullopt when it is none.
  std::optional<ClockShift> shift_of(const sys::ProcessId& owner, std::string_view stub) const;

  const std::string& image() const { return image_; }
  std::uint64_t stub_offset() const { return stub_offset_; }
  std::size_t stub_size() const;

 private:
  std::string image_;
  std::uint64_t stub_offset_ = 0;
  std::vector<ClockPatch> jumps_;
};

}  // namespace squall::change
