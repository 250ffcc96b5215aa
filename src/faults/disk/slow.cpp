// disk.slow: the victim's disk is slow, as with a volume whose credits are used up or a failing
// disk, while everybody else's is as before.
//
// The kernel's block throttle lets the victim's reads and writes pass at the rates asked for and
// holds back the rest. Where the limits are set, on either version of control groups,
// faults/limits.h says; they are kept per whole disk, so the disk below the path's filesystem is
// limited.
#include <array>
#include <cmath>
#include <optional>

#include <fmt/core.h>

#include "core/text.h"
#include "faults/limits.h"
#include "faults/needs.h"
#include "faults/typed.h"
#include "faults/victims.h"
#include "param/optional_codec.h"
#include "param/selector_codec.h"

namespace squall::fault {
namespace {

struct Slow {
  Selector select;
  std::string path;
  std::optional<Bytes> read_bytes_per_second;
  std::optional<Bytes> write_bytes_per_second;
  std::optional<Rate> reads;
  std::optional<Rate> writes;
};

const param::Table<Slow> table{{
    param::field("select", &Slow::select, {.about = "Whose disk is slow.", .required = true}),
    param::field("path", &Slow::path,
                 {.about = "A file or folder on the disk meant.", .required = true}),
    param::field("read_bytes_per_second", &Slow::read_bytes_per_second,
                 {.about = "How much the victim may read each second."}),
    param::field("write_bytes_per_second", &Slow::write_bytes_per_second,
                 {.about = "How much it may write each second."}),
    param::field("reads", &Slow::reads, {.about = "How often it may read, such as 50 /s."}),
    param::field("writes", &Slow::writes, {.about = "How often it may write."}),
}};

std::vector<sys::Need> needs(const sys::HostFacts& host) {
  return {need_controller(host, "blkio", "io"),
          need_root(host, "to write cgroup limits and move processes"),
          note("a kernel with block throttling (CONFIG_BLK_DEV_THROTTLING), and a filesystem on a "
               "disk")};
}

// In the kernel's order: bytes read, bytes written, reads, writes; each per second, 0 = no limit.
using Limits = std::array<std::int64_t, 4>;
Limits limits_of(const Slow& slow) {
  const auto bytes = [](const std::optional<Bytes>& limit) {
    return limit ? static_cast<std::int64_t>(limit->count) : 0;
  };
  const auto rate = [](const std::optional<Rate>& limit) {
    return limit ? std::llround(limit->per_second) : 0;
  };
  return {bytes(slow.read_bytes_per_second), bytes(slow.write_bytes_per_second), rate(slow.reads),
          rate(slow.writes)};
}

Status check(const Slow& slow) {
  if (!slow.read_bytes_per_second && !slow.write_bytes_per_second && !slow.reads && !slow.writes) {
    return error(Code::invalid, "nothing is limited",
                 "give at least one of read_bytes_per_second, write_bytes_per_second, reads and "
                 "writes");
  }
  const bool has_zero_bytes = slow.read_bytes_per_second.value_or(Bytes{4096}) < Bytes{4096} ||
                              slow.write_bytes_per_second.value_or(Bytes{4096}) < Bytes{4096};
  const auto out_of_bounds = [](const std::optional<Rate>& rate) {
    return rate && (rate->per_second < 1 || rate->per_second > 4e9);
  };
  if (has_zero_bytes || out_of_bounds(slow.reads) || out_of_bounds(slow.writes)) {
    return error(Code::invalid, "a disk cannot be that slow or that fast",
                 "at least 4 KiB and 1 operation a second");
  }
  return ok();
}

Wants wants(const Slow& slow) {
  return {.victims = slow.select,
          .files = {},
          .controllers = {"blkio", "io"},
          .filesystems = {slow.path}};
}

CgroupLimit cgroup_limit(const Limits& limits, const std::string& device) {
  constexpr std::array<std::string_view, 4> v1_names{"read_bps", "write_bps", "read_iops",
                                                     "write_iops"};
  constexpr std::array<std::string_view, 4> v2_keys{"rbps", "wbps", "riops", "wiops"};
  CgroupLimit limit{.v1_controller = "blkio", .v2_controller = "io"};
  std::string line = device;
  for (std::size_t i = 0; i < limits.size(); ++i) {
    if (limits[i] == 0) continue;
    limit.v1.push_back({fmt::format("blkio.throttle.{}_device", v1_names[i]),
                        fmt::format("{} {}", device, limits[i])});
    line += fmt::format(" {}={}", v2_keys[i], limits[i]);
  }
  limit.v2 = {{"io.max", line}};
  return limit;
}

Result<Strike> plan(const Slow& slow, const Facts& facts, const Choices& choices,
                    std::uint64_t ordinal) {
  TRY_VOID(require_victims(facts, slow.select));
  const auto found = facts.filesystems.find(slow.path);
  if (found == facts.filesystems.end()) {
    return error(Code::not_found, fmt::format("there is no {}", quote(slow.path)),
                 "name a file or folder on the disk meant");
  }
  if (found->second.disk.major == 0) {
    return error(Code::unsupported,
                 fmt::format("no disk of this host is behind {} ({})", printable(slow.path),
                             found->second.type),
                 "name a path on a filesystem on a disk, such as ext4 or XFS");
  }
  const std::string device = render(found->second.disk);
  const Limits limits = limits_of(slow);
  Strike strike {
    .changes = TRY(limit_victims(cgroup_limit(limits, device), facts, choices, ordinal))
  };
  for (const sys::Process& victim : facts.victims) {
    json::object watch = identity(victim);
    watch["device"] = device;
    watch["limits"] = json::array{limits[0], limits[1], limits[2], limits[3]};
    strike.watches.push_back({"disk.limited", std::move(watch)});
  }
  strike.target = fmt::format("{} on disk {}", describe(facts.victims), device);
  return strike;
}

}  // namespace

extern const Kind kind_disk_slow;
const Kind kind_disk_slow = kind_of<Slow>({
    .name = "disk.slow",
    .summary = "The victim's disk is slow; its reads, writes and syncs wait.",
    .mechanism =
        "The kernel's block throttle. On cgroup v1 the victims move into a new cgroup inside their "
        "present one, which has the limits (`blkio.throttle.*`); on cgroup v2 `io.max` of their "
        "own cgroup is set, and only victims in the root cgroup are moved. The limits are on the "
        "whole disk below the path's filesystem.",
    .undo =
        "The victims move back and the new cgroup is removed, or the old limits of that disk are "
        "written again. All is in the journal beforehand: if squall dies, the guardian, its twin "
        "or the next start of squall does it. A limit that somebody else changed is left.",
    .limits =
        "On cgroup v1 only direct and synchronous reads and writes are held back, and what fsync "
        "writes: buffered writes go out through threads of the kernel, at full speed, and the "
        "witness then says that the limit does not hold. There limits of outer groups do not bind "
        "inner ones, so a victim that was limited before is only bound by the new limits "
        "meanwhile. "
        "On cgroup v2 every process of the victim's cgroup is held back. Reads from the page cache "
        "are as fast as before. Victims in one cgroup share the limits.",
    .accuracy =
        "Asked for 1 and 5 MiB/s and for 20 and 200 writes a second of a victim that writes "
        "directly: 1.000 and 5.000 MiB/s, 20.0 and 200.0 writes/s.",
    .example = R"({"select": {"name": "postgres"}, "path": "/srv/data",
                   "write_bytes_per_second": "1 MiB"})",
    .table = &table,
    .needs = needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
