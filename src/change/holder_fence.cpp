#include "change/holder_fence.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include "change/cgroup_attributes.h"
#include "core/text.h"
#include "sys/cgroup.h"
#include "sys/clock.h"
#include "sys/controllers.h"
#include "sys/file.h"

namespace squall::change {
namespace {

// A killed process leaves its group a moment after its end was told; many take a little longer.
constexpr Duration emptying_limit = seconds(3);
constexpr Duration patience_with_strangers = milliseconds(100);

bool hands_down(const std::string& directory, std::string_view controller) {
  const Result<std::string> text = sys::read_file(directory + "/cgroup.subtree_control", 4096);
  if (!text.ok()) return false;
  const std::vector<std::string> names = split(trim(*text), ' ');
  return std::find(names.begin(), names.end(), controller) != names.end();
}

bool is_writable(const std::string& directory) {
  return ::faccessat(AT_FDCWD, directory.c_str(), W_OK, AT_EACCESS) == 0;
}

}  // namespace

Result<std::string> place_holder_fence(std::string_view controller, const std::string& name) {
  if (name.empty()) return std::string();
  if (!name.starts_with("squall-") || name.find('/') != std::string::npos || name.size() > 64) {
    return error(Code::invalid,
                 fmt::format("a fence must be called squall-..., not {}", quote(printable(name))));
  }
  const auto nowhere = [&](std::string_view reason) {
    return error(Code::unsupported,
                 fmt::format("no control group for {} can be made: {}", controller, reason),
                 "run where the whole cgroup hierarchy is mounted and may be written");
  };
  const std::optional<sys::CgroupHierarchy> hierarchy = sys::hierarchy_with(controller);
  if (!hierarchy) return nowhere("no hierarchy has that controller");
  const sys::Process self = TRY(sys::read_process(::getpid()));
  const std::string own = TRY(sys::cgroup_directory_of(self.id, *hierarchy));
  for (const std::string& directory : sys::groups_upward(own, *hierarchy)) {
    if (hierarchy->is_v2 && !hands_down(directory, controller)) continue;
    if (!is_writable(directory)) return nowhere(directory + " may not be written");
    std::string path = directory + "/" + name;
    if (!sys::exists(path)) return path;
    return error(Code::conflict, fmt::format("the control group {} exists already", path));
  }
  return nowhere("no group above hands it down");
}

Status enter_holder_fence(const std::string& path, const FenceLimit& limit) {
  if (path.empty()) return ok();
  if (::mkdir(path.c_str(), 0755) != 0) return errno_error(errno, "making the fence " + path);
  const bool is_v2 = sys::exists(path + "/cgroup.controllers");
  const std::string attribute = fmt::format("{}/{}", path, is_v2 ? limit.v2 : limit.v1);
  TRY_VOID(write_attribute(attribute, std::to_string(limit.value)));
  const sys::Process self = TRY(sys::read_process(::getpid()));
  return sys::move_to_cgroup(self.id, path);
}

Result<Reverted> remove_holder_fence(const std::string& path) {
  if (path.empty() || !sys::exists(path)) return Reverted{Ending::was_absent, ""};
  const Duration start = sys::monotonic_now();
  while (::rmdir(path.c_str()) != 0 && errno != ENOENT) {
    if (errno != EBUSY) return errno_error(errno, "removing the fence " + path);
    const std::vector<std::string> inner = TRY(sys::list_subfolders(path));
    if (!inner.empty()) {
      return Reverted{Ending::foreign,
                      fmt::format("somebody made groups in {}: {}. Remove it when they are gone",
                                  path, list_words(inner, "and"))};
    }
    const Duration waited = sys::monotonic_now() - start;
    if (waited > emptying_limit) {
      return error(Code::timed_out, fmt::format("{} does not become empty", path),
                   "end the processes that its cgroup.procs lists");
    }
    if (waited > patience_with_strangers) {
      for (const std::int64_t pid : sys::cgroup_direct_members(path)) {
        const Result<sys::Process> stranger = sys::read_process(pid);
        if (!stranger.ok() || stranger->name.starts_with("squall-")) continue;
        static_cast<void>(sys::move_to_cgroup(stranger->id, sys::folder_of(path)).ok());
      }
    }
    sys::sleep_until(sys::monotonic_now() + milliseconds(1));
  }
  return Reverted{Ending::restored, ""};
}

sys::ProcessId recorded_holder(const json::object& before) {
  return {integer_at(before, "holder_pid"),
          static_cast<std::uint64_t>(integer_at(before, "holder_start"))};
}

// A start time is counted in ticks since the boot of the host.
Duration age_of_holder(const json::object& before) {
  const sys::ProcessId holder = recorded_holder(before);
  if (holder.pid == 0) return {};
  static const std::int64_t ticks_per_second = ::sysconf(_SC_CLK_TCK);
  const std::int64_t tick = seconds(1).nanoseconds / ticks_per_second;
  return std::max(
      Duration{},
      sys::boottime_now() - nanoseconds(static_cast<std::int64_t>(holder.start_ticks) * tick));
}

Status become_first_victim() {
  return sys::write_control("/proc/self/oom_score_adj", "1000");
}

}  // namespace squall::change
