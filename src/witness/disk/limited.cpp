// disk.limited: sees whether a process may read and write only so much on a disk, and keeps to it.
//
// At every look it asks the kernel in which control group the process is now and what that group
// may do on the disk: on version 2 the tightest from there up to the root, on version 1, where
// these limits do not nest, its own. From then on it measures how much the process moves
// (/proc/PID/io): a limit that does not hold, as for buffered writes on version 1, is not a limit.
// Operations are not counted by process, so of those only the limit is seen. The dose is what the
// process moved.
#include <algorithm>
#include <charconv>

#include <fmt/core.h>

#include "core/text.h"
#include "core/units.h"
#include "sys/cgroup.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/host.h"
#include "witness/disk_limit.h"
#include "witness/subject.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

struct Target {
  std::int64_t pid = 0;
  std::int64_t start_ticks = 0;
  std::string device;
  json::value limits = json::array{};
};

const param::Table<Target> table{{
    param::field("pid", &Target::pid, {.about = "The process.", .required = true, .min = 1}),
    param::field("start_ticks", &Target::start_ticks,
                 {.about = "Its start time, as in /proc/PID/stat.", .required = true}),
    param::field("device", &Target::device, {.about = "Of the disk: 8:0.", .required = true}),
    param::field("limits", &Target::limits,
                 {.about = "Bytes read, bytes written, reads and writes per second; 0 where none "
                           "is looked for.",
                  .required = true}),
}};

constexpr Duration window = milliseconds(500);
// A slice of the kernel's budget may be spent at once, and requests count when they are made.
constexpr double overshoot = 1.3;
constexpr double least_overshoot = 128 << 10;  // bytes; a request or two

// read_bytes and write_bytes of /proc/PID/io.
std::array<double, 2> parse_moved(std::string_view text) {
  std::array<double, 2> moved{};
  for (const std::string& line : split(text, '\n')) {
    const std::size_t blank = line.find(' ');
    if (blank == std::string::npos) continue;
    double number = 0;
    std::from_chars(line.data() + blank + 1, line.data() + line.size(), number);
    if (line.starts_with("read_bytes:")) moved[0] = number;
    if (line.starts_with("write_bytes:")) moved[1] = number;
  }
  return moved;
}

Result<PerSecond> wanted_limits(const Target& target) {
  const json::array* items = target.limits.if_array();
  PerSecond limits = no_limits;
  for (std::size_t i = 0; items != nullptr && i < items->size() && i < limits.size(); ++i) {
    const double number = items->at(i).is_number() ? items->at(i).to_number<double>() : 0;
    if (number > 0) limits[i] = number;
  }
  if (limits != no_limits) return limits;
  return error(Code::invalid, "limits: none is given", "four numbers, at least one above 0");
}

class Limited final : public Witness {
 public:
  Limited(Subject subject, sys::CgroupHierarchy hierarchy, std::string device, PerSecond wanted)
      : subject_(std::move(subject)),
        hierarchy_(std::move(hierarchy)),
        device_(std::move(device)),
        wanted_(wanted) {}

  // Empty when the process has ended.
  Result<std::optional<PerSecond>> limits() const {
    const std::optional<std::string> text = TRY(subject_.read("cgroup"));
    if (!text) return std::optional<PerSecond>();
    std::optional<std::string> directory = sys::cgroup_directory(*text, hierarchy_);
    if (!directory) {
      return error(Code::unsupported, "the cgroup of the process cannot be seen from here",
                   "run outside of the container, in the host's cgroup namespace");
    }
    PerSecond tightest = limits_of(*directory);
    while (hierarchy_.is_v2 && directory->size() > hierarchy_.mount.size()) {
      *directory = sys::folder_of(*directory);
      tightest = tighter(tightest, limits_of(*directory));
    }
    return std::optional(tightest);
  }
  bool are_set(const PerSecond& limits) const {
    for (std::size_t i = 0; i < limits.size(); ++i) {
      if (wanted_[i] != no_limit && limits[i] > wanted_[i]) return false;
    }
    return true;
  }

  Result<Sighting> look() override {
    const std::optional<PerSecond> now = TRY(limits());
    const std::optional<std::string> io = TRY(subject_.read("io"));
    if (!now || !io) return Sighting{.detail = "the process has ended"};
    const Duration at = sys::monotonic_now();
    const bool is_set = are_set(*now);
    if (is_set != was_set_) start_window(at, *io);
    if (is_set && !was_set_) set_at_ = at;
    was_set_ = is_set;
    if (at - window_start_ >= window) close_window(at, *io);
    const bool holds = is_set && is_kept_;
    const std::string broken = is_set && !is_kept_ ? ", which does not hold" : "";
    return Sighting{
        .on = holds,
        .dose = rate_[0] + rate_[1],
        .detail = fmt::format("{}{}; {}/s read, {}/s written", describe_limits(*now), broken,
                              amount(rate_[0]), amount(rate_[1])),
        // Whether a limit that is set also holds is known a while later, for all that time.
        .oldest = is_set && !holds ? at - set_at_ : Duration{}};
  }

 private:
  static std::string amount(double bytes) {
    return render_rounded(Bytes{static_cast<std::uint64_t>(std::max(bytes, 0.0))});
  }
  PerSecond limits_of(const std::string& directory) const {
    const auto text_of = [&](std::string_view file) {
      return sys::read_file(fmt::format("{}/{}", directory, file), 1 << 16);
    };
    PerSecond limits = no_limits;
    if (hierarchy_.is_v2) {
      const Result<std::string> text = text_of("io.max");
      return text.ok() ? parse_v2_limits(*text, device_) : limits;
    }
    constexpr std::array<std::string_view, 4> files{"read_bps", "write_bps", "read_iops",
                                                    "write_iops"};
    for (std::size_t i = 0; i < files.size(); ++i) {
      const Result<std::string> text = text_of(fmt::format("blkio.throttle.{}_device", files[i]));
      if (text.ok()) limits[i] = parse_v1_limit(*text, device_);
    }
    return limits;
  }

  void start_window(Duration at, std::string_view io) {
    window_start_ = at;
    moved_ = parse_moved(io);
    is_kept_ = false;
  }
  void close_window(Duration at, std::string_view io) {
    const std::array<double, 2> now = parse_moved(io);
    const double span = (at - window_start_).seconds();
    is_kept_ = true;
    for (std::size_t i = 0; i < rate_.size(); ++i) {
      rate_[i] = (now[i] - moved_[i]) / span;
      const double allowed = wanted_[i] * overshoot * span + least_overshoot;
      if (now[i] - moved_[i] > allowed) is_kept_ = false;
    }
    window_start_ = at;
    moved_ = now;
  }

  Subject subject_;
  sys::CgroupHierarchy hierarchy_;
  std::string device_;
  PerSecond wanted_;
  bool was_set_ = false;
  Duration set_at_;
  Duration window_start_;
  std::array<double, 2> moved_{};
  std::array<double, 2> rate_{};  // bytes read and written per second, over the last window
  bool is_kept_ = false;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  const PerSecond wanted = TRY(wanted_limits(target));
  const sys::HostFacts host = sys::look_at_host();
  const sys::Controller* controller = host.controller("blkio");
  if (controller == nullptr) controller = host.controller("io");
  if (controller == nullptr) {
    return error(Code::unsupported, "no cgroup hierarchy here has the blkio or io controller");
  }
  const sys::CgroupHierarchy hierarchy = TRY(sys::cgroup_hierarchy_of(controller->mount));
  const sys::ProcessId id{target.pid, static_cast<std::uint64_t>(target.start_ticks)};
  auto witness =
      std::make_unique<Limited>(TRY(Subject::open(id)), hierarchy, target.device, wanted);
  const std::optional<PerSecond> now = TRY(witness->limits());
  if (!now) return error(Code::not_found, fmt::format("process {} has ended", target.pid));
  if (witness->are_set(*now)) {
    return error(
        Code::conflict,
        fmt::format("process {} is held to that already: {}", target.pid, describe_limits(*now)),
        "choose tighter limits");
  }
  return std::unique_ptr<Witness>(std::move(witness));
}

}  // namespace

extern const Kind kind_disk_limited;
const Kind kind_disk_limited = kind_of<Target>({
    .name = "disk.limited",
    .about = "Whether limits on the disk bind the process, told by its cgroups and what it moves.",
    .dose_unit = "bytes per second",
    .every = milliseconds(10),
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
