// The vDSO: a small shared object that the kernel maps into every process, so that reading a clock
// takes no system call. All 64-bit processes of one boot get the same bytes; a process that was
// not tampered with has exactly ours.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace squall::sys {

struct VdsoFunction {
  std::uint64_t offset = 0;  // from the start of the image
  std::uint64_t size = 0;
};

// Of this process, read anew at each call. Code::unsupported when the kernel maps none.
Result<std::string> own_vdso();
// Where the process has its own mapped, from /proc/PID/maps. Code::not_found when the process is
// gone, Code::unsupported when it has none (gVisor, vdso=0, a kernel thread).
Result<std::uint64_t> vdso_base(std::int64_t pid);
// A function by its name in the dynamic symbol table of a 64-bit image.
std::optional<VdsoFunction> find_vdso_function(std::string_view image, std::string_view name);
// Where unused zeros at the end of the image begin, on a cache line boundary.
std::uint64_t vdso_padding(std::string_view image);

}  // namespace squall::sys
