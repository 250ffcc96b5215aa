// A set of processors as the kernel writes it: "0-3,8".
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "core/result.h"

namespace squall {

using CpuList = std::set<int>;

// The largest number that is taken; the kernel's own limit is 8191 at the most.
inline constexpr int cpu_number_max = 8191;

// Code::invalid with a hint when it is no such list. An empty text is the empty set.
Result<CpuList> parse_cpu_list(std::string_view text);
std::string render_cpu_list(const CpuList& processors);
// True when `all` has every one of `some`.
bool includes(const CpuList& all, const CpuList& some);

}  // namespace squall
