// Seccomp filters of other processes: whether a thread may make a system call is found out without
// making it, by running its filters here.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include <linux/filter.h>
#include <linux/seccomp.h>

#include "core/result.h"

namespace squall::sys {

// What a filter returns for a call: SECCOMP_RET_ALLOW and the like. nullopt when the program is not
// one that the kernel would have accepted. Semantics of bpf(4), and of seccomp_data in place of a
// packet (Documentation/userspace-api/seccomp_filter.rst).
std::optional<std::uint32_t> run_seccomp_filter(std::span<const sock_filter> program,
                                                const seccomp_data& call);

// True when any thread of the process is in a sandbox of seccomp, or is gone.
bool has_seccomp(std::int64_t pid);

// Whether all filters of a thread let the call pass. The caller traces the thread and has stopped
// it. Code::unsupported when the filters cannot be read: that takes CAP_SYS_ADMIN, a caller
// without filters, and a kernel with CONFIG_CHECKPOINT_RESTORE.
Result<bool> seccomp_allows(std::int64_t thread, const seccomp_data& call);

}  // namespace squall::sys
