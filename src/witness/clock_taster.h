// Lets the clock code of another process tell the time.
//
// A process reads clocks through code that the kernel mapped into it (the vDSO). The code is called
// in a short-lived child of ours: it lays the bytes over its own vDSO, so that the data of the
// kernel lie where the code expects them, calls clock_gettime there, and compares with what the
// kernel says to a system call right before and after. The code may be anybody's: the child is
// bound by seccomp to reading clocks and to writing its answer, and has 200 ms.
#pragma once

#include <cstdint>
#include <string>

#include "core/result.h"

namespace squall::witness {

// The vDSO of this process: where it stands, its bytes, and where its clock function begins.
struct OwnVdso {
  std::uint64_t base = 0;
  std::string image;
  std::uint64_t clock_offset = 0;
};
// Code::unsupported where there is none, or the processor is not x86-64.
Result<OwnVdso> look_at_own_vdso();

struct Taste {
  std::int64_t ahead_ns = 0;  // of the kernel's CLOCK_REALTIME; negative = behind
  std::int64_t width_ns = 0;  // the time in which it was read: the error is at most half of it
};
// What the code in `image`, as large as ours, makes of CLOCK_REALTIME. Code::failed when it does
// not come back with a time.
Result<Taste> taste_clock(const OwnVdso& own, const std::string& image);

}  // namespace squall::witness
