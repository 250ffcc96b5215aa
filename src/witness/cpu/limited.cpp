// cpu.limited: sees whether a CPU quota binds one process, and how much CPU time it uses.
//
// At every look it asks the kernel in which cgroup the process is now and takes the tightest quota
// from there up to the root, v1 or v2: so it does not matter whether the process was moved under a
// quota or a quota was put on it. The dose is what the process really used, in cores.
#include <algorithm>
#include <charconv>
#include <limits>

#include <fmt/core.h>

#include "core/text.h"
#include "sys/cgroup.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/host.h"
#include "witness/subject.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

struct Target {
  std::int64_t pid = 0;
  std::int64_t start_ticks = 0;
  double cores = 0;
};

const param::Table<Target> table{{
    param::field("pid", &Target::pid, {.about = "The process.", .required = true, .min = 1}),
    param::field("start_ticks", &Target::start_ticks,
                 {.about = "Its start time, as in /proc/PID/stat.", .required = true}),
    param::field("cores", &Target::cores,
                 {.about = "The quota in cores at or below which the process counts as limited.",
                  .required = true,
                  .min = 0.0}),
}};

constexpr double unlimited = std::numeric_limits<double>::infinity();
// CPU time is told in steps of 10 ms: over this time they are 4 % of a core.
constexpr Duration usage_window = milliseconds(250);
constexpr double rounding = 1.001;  // quotas are whole microseconds

// The number in a control file, or the part of it before a blank; negative when there is none.
double number_in(const std::string& directory, std::string_view file, std::size_t word) {
  const Result<std::string> text = sys::read_file(fmt::format("{}/{}", directory, file), 4096);
  if (!text.ok()) return -1;
  const std::vector<std::string> words = split(trim(*text), ' ');
  double number = -1;
  if (word < words.size()) {
    std::from_chars(words[word].data(), words[word].data() + words[word].size(), number);
  }
  return number;
}

// In cores. A missing file (the root, or a controller that is off here), "max" and -1 mean no
// quota.
double own_quota(const sys::CgroupHierarchy& hierarchy, const std::string& directory) {
  const bool v1 = !hierarchy.is_v2;
  const double quota = number_in(directory, v1 ? "cpu.cfs_quota_us" : "cpu.max", 0);
  const double period = number_in(directory, v1 ? "cpu.cfs_period_us" : "cpu.max", v1 ? 0 : 1);
  return quota > 0 && period > 0 ? quota / period : unlimited;
}

double tightest_quota(const sys::CgroupHierarchy& hierarchy, std::string directory) {
  double tightest = own_quota(hierarchy, directory);
  while (directory.size() > hierarchy.mount.size()) {
    directory = sys::folder_of(directory);
    tightest = std::min(tightest, own_quota(hierarchy, directory));
  }
  return tightest;
}

std::string quota_text(double quota) {
  return quota == unlimited ? "no quota" : fmt::format("a quota of {:.3g} cores", quota);
}

class Limited final : public Witness {
 public:
  Limited(Subject subject, sys::CgroupHierarchy hierarchy, double cores)
      : subject_(std::move(subject)), hierarchy_(std::move(hierarchy)), cores_(cores) {}

  // Empty when the process has ended.
  Result<std::optional<double>> quota() const {
    const std::optional<std::string> text = TRY(subject_.read("cgroup"));
    if (!text) return std::optional<double>();
    const auto directory = sys::cgroup_directory(*text, hierarchy_);
    if (directory) return std::optional(tightest_quota(hierarchy_, *directory));
    return error(Code::unsupported, "the cgroup of the process cannot be seen from here",
                 "run outside of the container, in the host's cgroup namespace");
  }

  Result<Sighting> look() override {
    const std::optional<double> now = TRY(quota());
    if (!now) return Sighting{.detail = "the process has ended"};
    TRY_VOID(measure_usage());
    return Sighting{.on = *now <= cores_ * rounding,
                    .dose = used_cores_,
                    .detail = fmt::format("{}; {:.2f} cores used", quota_text(*now), used_cores_)};
  }

 private:
  // Renews the mean use once a window is over.
  Status measure_usage() {
    const std::optional<std::string> text = TRY(subject_.read("stat"));
    const std::optional<Stat> stat = text ? parse_stat(*text) : std::nullopt;
    if (!stat) return ok();  // it is just ending, which the next look tells
    const Duration now = sys::monotonic_now();
    if (window_start_.nanoseconds != 0 && now - window_start_ < usage_window) return ok();
    if (window_start_.nanoseconds != 0) {
      used_cores_ = (stat->cpu_seconds - window_cpu_seconds_) / (now - window_start_).seconds();
    }
    window_start_ = now;
    window_cpu_seconds_ = stat->cpu_seconds;
    return ok();
  }

  Subject subject_;
  sys::CgroupHierarchy hierarchy_;
  double cores_;
  Duration window_start_;
  double window_cpu_seconds_ = 0;
  double used_cores_ = 0;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  const sys::HostFacts host = sys::look_at_host();
  const sys::Controller* controller = host.controller("cpu");
  if (controller == nullptr) {
    return error(Code::unsupported, "no cgroup hierarchy here has the cpu controller");
  }
  const sys::CgroupHierarchy hierarchy = TRY(sys::cgroup_hierarchy_of(controller->mount));
  const sys::ProcessId id{target.pid, static_cast<std::uint64_t>(target.start_ticks)};
  auto witness = std::make_unique<Limited>(TRY(Subject::open(id)), hierarchy, target.cores);
  const std::optional<double> now = TRY(witness->quota());
  if (!now) return error(Code::not_found, fmt::format("process {} has ended", target.pid));
  if (*now <= target.cores * rounding) {
    return error(Code::conflict,
                 fmt::format("process {} is already under {}", target.pid, quota_text(*now)),
                 "choose a quota below that");
  }
  return witness;
}

}  // namespace

extern const Kind kind_cpu_limited;
const Kind kind_cpu_limited = kind_of<Target>({
    .name = "cpu.limited",
    .about = "Whether a CPU quota binds the process, told by its cgroups; and what it uses.",
    .dose_unit = "cores",
    .every = milliseconds(10),
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
