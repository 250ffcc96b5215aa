// The needs that several kinds share, each answered for this host with a reason when it is not met.
#pragma once

#include <string_view>

#include "sys/host.h"

namespace squall::fault {

struct KernelVersion {
  int major = 0;
  int minor = 0;
  friend auto operator<=>(const KernelVersion&, const KernelVersion&) = default;
};

// "5.10.0-28-amd64" reads as 5.10; what cannot be read is {0, 0}.
KernelVersion kernel_version(std::string_view text);

// Linux of at least this version; `provides` says what came with it: "process descriptors".
sys::Need need_kernel(const sys::HostFacts& host, KernelVersion least, std::string_view provides);
// Process descriptors (pidfds), through which processes are touched without a mistaken identity.
sys::Need need_process_descriptors(const sys::HostFacts& host);
// Root, for `purpose`: "to move processes between cgroups".
sys::Need need_root(const sys::HostFacts& host, std::string_view purpose);
// A right that only the victim can decide: always met here, said so that it is read before the run.
sys::Need note(std::string_view what);

}  // namespace squall::fault
