#include "change/cgroup_attributes.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <optional>
#include <vector>

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include "change/device_limit.h"
#include "core/text.h"
#include "sys/cgroup.h"
#include "sys/file.h"

namespace squall::change {
namespace {

enum class Format {
  count,         // a whole number, held within bounds by the kernel
  count_or_max,  // a whole number or "max"
  bytes,         // v2: bytes with K, M, G or T, or "max"; cut to whole pages
  bytes_v1,      // the same, where -1 stands for no limit and shows as a huge number
  bandwidth,     // cpu.max: "QUOTA PERIOD", the period may be left out
  freezer,       // v1: FROZEN or THAWED
  oom_control,   // v1: 0 or 1, shown as "oom_kill_disable 1" before other lines
  device,        // a limit on a block device (device_limit.h)
};

struct Attribute {
  std::string_view name;
  Format format = Format::count;
  std::string_view neutral;  // limits nothing
  std::int64_t low = 0;
  std::int64_t high = INT64_MAX;
};

constexpr std::array attributes{
    Attribute{"cpu.max", Format::bandwidth, "max"},
    Attribute{"cpu.weight", Format::count, "100", 1, 10'000},
    Attribute{"cpu.cfs_quota_us", Format::count, "-1", -1},
    Attribute{"cpu.cfs_period_us", Format::count, "100000", 1},
    Attribute{"cpu.shares", Format::count, "1024", 2, 262'144},
    Attribute{"pids.max", Format::count_or_max, "max"},
    Attribute{"memory.max", Format::bytes, "max"},
    Attribute{"memory.high", Format::bytes, "max"},
    Attribute{"memory.limit_in_bytes", Format::bytes_v1, "-1"},
    Attribute{"memory.oom_control", Format::oom_control, "0", 0, 1},
    Attribute{"memory.soft_limit_in_bytes", Format::bytes_v1, "-1"},
    Attribute{"cgroup.freeze", Format::count, "0", 0, 1},
    Attribute{"freezer.state", Format::freezer, "THAWED"},
    Attribute{"blkio.throttle.read_bps_device", Format::device},
    Attribute{"blkio.throttle.write_bps_device", Format::device},
    Attribute{"blkio.throttle.read_iops_device", Format::device},
    Attribute{"blkio.throttle.write_iops_device", Format::device},
    Attribute{"io.max", Format::device},
};

const Attribute* find_attribute(std::string_view name) {
  const auto found = std::find_if(attributes.begin(), attributes.end(),
                                  [&](const Attribute& one) { return one.name == name; });
  return found == attributes.end() ? nullptr : &*found;
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, problem] = std::from_chars(text.data(), end, value);
  if (problem != std::errc() || rest != end) return std::nullopt;
  return value;
}

// The kernel counts memory in pages and knows no limit above this many bytes.
std::int64_t unlimited_bytes() {
  const std::int64_t page = ::sysconf(_SC_PAGESIZE);
  return INT64_MAX / page * page;
}

std::optional<std::int64_t> byte_count(std::string_view text) {
  constexpr std::string_view suffixes = "KMGT";
  int shift = 0;
  if (!text.empty()) {
    const char last = static_cast<char>(std::toupper(static_cast<unsigned char>(text.back())));
    const std::size_t power = suffixes.find(last);
    if (power != std::string_view::npos) {
      shift = 10 * (static_cast<int>(power) + 1);
      text.remove_suffix(1);
    }
  }
  const std::optional<std::int64_t> number = whole_number(text);
  if (!number || *number < 0) return std::nullopt;
  if (*number > (INT64_MAX >> shift)) return unlimited_bytes();
  const std::int64_t page = ::sysconf(_SC_PAGESIZE);
  return (*number << shift) / page * page;
}

// The spelling that the kernel shows, or nothing when it would refuse the value.
std::optional<std::string> spelled(const Attribute& attribute, std::string_view before,
                                   std::string_view written) {
  const std::optional<std::int64_t> number = whole_number(written);
  switch (attribute.format) {
    case Format::count:
    case Format::oom_control:
      if (!number) return std::nullopt;
      return std::to_string(std::clamp(*number, attribute.low, attribute.high));
    case Format::count_or_max:
      if (written == "max") return "max";
      if (!number || *number < 0) return std::nullopt;
      return std::to_string(*number);
    case Format::bytes:
    case Format::bytes_v1: {
      const bool is_v1 = attribute.format == Format::bytes_v1;
      const bool is_unlimited = written == (is_v1 ? "-1" : "max");
      const std::optional<std::int64_t> bytes =
          is_unlimited ? unlimited_bytes() : byte_count(written);
      if (!bytes) return std::nullopt;
      if (!is_v1 && *bytes == unlimited_bytes()) return "max";
      return std::to_string(*bytes);
    }
    case Format::bandwidth: {
      const std::vector<std::string> words = split(written, ' ');
      const auto is_limit = [](std::string_view word) {
        return word == "max" || whole_number(word).value_or(0) > 0;
      };
      if (words.size() > 2 || !is_limit(words[0])) return std::nullopt;
      if (words.size() == 2 && whole_number(words[1]).value_or(0) <= 0) return std::nullopt;
      const std::vector<std::string> old = split(before, ' ');
      const std::string period = words.size() == 2 ? words[1] : old.back();
      return words[0] + " " + period;
    }
    case Format::freezer:
      if (written != "FROZEN" && written != "THAWED") return std::nullopt;
      return std::string(written);
    case Format::device:
      if (!is_device_limit_value(attribute.name, written)) return std::nullopt;
      return device_line_after(attribute.name, before, written);
  }
  return std::nullopt;
}

std::vector<std::string> known_names() {
  std::vector<std::string> names;
  for (const Attribute& attribute : attributes) names.emplace_back(attribute.name);
  return names;
}

}  // namespace

Status check_attribute(std::string_view name, std::string_view value) {
  const Attribute* attribute = find_attribute(name);
  if (attribute == nullptr) {
    return error(Code::invalid,
                 fmt::format("{} is no attribute of a control group that squall sets", quote(name)),
                 "use " + list_words(known_names(), "or"));
  }
  if (spelled(*attribute, "max 100000", value)) return ok();
  return error(Code::invalid, fmt::format("{} is no value for {}", quote(value), name));
}

std::string shown_attribute(std::string_view name, std::string_view text,
                            std::string_view written) {
  if (is_device_limit(name)) return device_line(name, text, written);
  const std::string_view shown = trim(text);
  const Attribute* attribute = find_attribute(name);
  constexpr std::string_view first_line = "oom_kill_disable ";
  if (attribute != nullptr && attribute->format == Format::oom_control &&
      shown.starts_with(first_line)) {
    return std::string(shown.substr(first_line.size(), 1));
  }
  const bool is_freezing =
      attribute != nullptr && attribute->format == Format::freezer && shown == "FREEZING";
  return is_freezing ? "FROZEN" : std::string(shown);
}

std::string attribute_after(std::string_view name, std::string_view before,
                            std::string_view written) {
  const Attribute* attribute = find_attribute(name);
  CHECK(attribute != nullptr, "the attribute was checked");
  return spelled(*attribute, before, written).value_or(std::string(written));
}

std::string neutral_value(std::string_view name, std::string_view written) {
  const Attribute* attribute = find_attribute(name);
  CHECK(attribute != nullptr, "the attribute was checked");
  if (attribute->format == Format::device) return unlimited_device(name, written);
  return std::string(attribute->neutral);
}

Result<std::string> read_attribute(const std::string& path, std::string_view written) {
  const sys::Fd fd = TRY(sys::open_in_cgroup(path, O_RDONLY));
  constexpr std::size_t enough = 4096;
  const std::string text = TRY(sys::read_at(fd, 0, enough), "reading " + path);
  return shown_attribute(sys::name_of(path), text, written);
}

Status write_attribute(const std::string& path, std::string_view value) {
  if (!sys::exists(path)) {
    return error(Code::unsupported, fmt::format("the control group has no {}", path),
                 "the controller must be enabled for it (cgroup v2: cgroup.subtree_control of the "
                 "group above)");
  }
  const sys::Fd fd = TRY(sys::open_in_cgroup(path, O_WRONLY));
  // One write: the kernel takes every write for a whole value.
  const ssize_t wrote = ::write(fd.get(), value.data(), value.size());
  if (wrote == static_cast<ssize_t>(value.size())) return ok();
  return errno_error(wrote < 0 ? errno : EIO, fmt::format("writing {} to {}", quote(value), path));
}

}  // namespace squall::change
