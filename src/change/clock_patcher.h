// Puts the stand-ins of clock_stub.h into a running process and takes them out again.
//
// All threads of the process stand still for that moment (sys/standstill.h). The jumps go in last
// and come out first, so that at every instant a thread finds either whole original functions or
// whole stand-ins. What is taken out at the end is the stub, once nobody stands in it, or would
// come back into it from a signal handler.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "change/clock_stub.h"
#include "core/duration.h"
#include "sys/process.h"

namespace squall::change {

// How the copy of the vDSO looks that a process has.
enum class VdsoState {
  untouched,
  shifted,  // exactly as asked for, and by us for this owner
  other,    // by somebody else, or half done
  gone,     // the process ended, or executes another program, whose vDSO stands elsewhere
};

class ClockPatcher {
 public:
  // For the clock of `owner`, whose vDSO stands at `base`. Code::unsupported as ClockStub::fit.
  static Result<ClockPatcher> open(const sys::ProcessId& owner, std::uint64_t base);

  // Code::unsupported for a 32-bit program, Code::conflict when the owner's vDSO is not the
  // kernel's.
  Status check_untouched() const;
  VdsoState look(const ClockShift& shift) const;
  // Returns how long the owner stood still. Errors: those of stand_still and check_untouched, and
  // Code::unsupported when a seccomp filter of it forbids what the stand-ins do.
  Result<Duration> put_in(const ClockShift& shift) const;

  // The owner and its descendants that bear the owner's mark, whoever their parent is by now. All
  // have the copy at the same address, since a fork copies the address space.
  std::vector<sys::ProcessId> bearers() const;
  // Takes out of one of them what put_in put in, all of it or as far as it came. Errors: those of
  // stand_still, and Code::invalid when somebody else changed the copy too; then it is left.
  Status take_out(const sys::ProcessId& bearer) const;

 private:
  ClockPatcher(ClockStub stub, const sys::ProcessId& owner, std::uint64_t base)
      : stub_(std::move(stub)), owner_(owner), base_(base) {}
  Status check_image(std::string_view image) const;
  std::string original_of(std::string image) const;

  ClockStub stub_;
  sys::ProcessId owner_;
  std::uint64_t base_ = 0;
};

}  // namespace squall::change
