#include "faults/needs.h"

#include <charconv>

#include <fmt/core.h>

#include "core/text.h"

namespace squall::fault {

KernelVersion kernel_version(std::string_view text) {
  KernelVersion version;
  const char* end = text.data() + text.size();
  const auto [dot, problem] = std::from_chars(text.data(), end, version.major);
  if (problem != std::errc() || dot == end || *dot != '.') return {};
  if (std::from_chars(dot + 1, end, version.minor).ec != std::errc()) return {};
  return version;
}

sys::Need need_kernel(const sys::HostFacts& host, KernelVersion least, std::string_view provides) {
  sys::Need need{.what =
                     fmt::format("Linux {}.{} or newer ({})", least.major, least.minor, provides)};
  need.met = kernel_version(host.kernel) >= least;
  if (!need.met) {
    need.reason = fmt::format("this kernel is {}, which has no {}; run on a newer kernel",
                              host.kernel.empty() ? "unknown" : printable(host.kernel), provides);
  }
  return need;
}

sys::Need need_process_descriptors(const sys::HostFacts& host) {
  return need_kernel(host, {5, 3}, "process descriptors");
}

sys::Need need_root(const sys::HostFacts& host, std::string_view purpose) {
  sys::Need need{.what = fmt::format("root, {}", purpose), .met = host.is_root};
  if (!need.met) need.reason = "this user is not root; run squall with sudo";
  return need;
}

sys::Need note(std::string_view what) {
  return {.what = std::string(what)};
}

}  // namespace squall::fault
