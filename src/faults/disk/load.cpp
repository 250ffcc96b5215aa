// disk.load: a disk is busy with somebody else's work, as with a backup, a rebuild of the array or
// a noisy neighbour.
//
// A process reads and writes a scratch file of its own at the rate asked for. Victims feel it as
// waiting: their reads and syncs stand in the queue behind others'.
#include <cmath>
#include <optional>

#include <fmt/core.h>

#include "core/text.h"
#include "faults/needs.h"
#include "faults/typed.h"
#include "param/optional_codec.h"

namespace squall::fault {
namespace {

enum class Pattern { random, sequential };

struct Load {
  std::string path;
  std::optional<Rate> rate;
  std::optional<Bytes> bytes_per_second;
  Bytes block{4096};
  Share reads{0};
  Pattern pattern = Pattern::random;
  bool direct = true;
  bool sync = false;
  std::int64_t depth = 8;
  Bytes file_size{64 << 20};
};

const param::Table<Load> table{{
    param::field("path", &Load::path, {.about = "A folder on the disk.", .required = true}),
    param::field("rate", &Load::rate, {.about = "How many reads and writes in a unit of time."}),
    param::field("bytes_per_second", &Load::bytes_per_second,
                 {.about = "How much they move each second, in place of the rate."}),
    param::field("block", &Load::block,
                 {.about = "How much each moves; past the page cache in steps of 4 KiB.",
                  .min = Bytes{1},
                  .max = Bytes{16 << 20}}),
    param::field("reads", &Load::reads,
                 {.about = "The share of reads; the rest are writes.", .max = Share{1}}),
    param::choice("pattern", &Load::pattern,
                  {{"random", Pattern::random}, {"sequential", Pattern::sequential}},
                  "Where in the scratch file they go."),
    param::field("direct", &Load::direct,
                 {.about = "Past the page cache (O_DIRECT), so that each reaches the disk."}),
    param::field("sync", &Load::sync,
                 {.about = "Each write waits until it is on the disk (O_DSYNC)."}),
    param::field("depth", &Load::depth,
                 {.about = "How many may be under way at once.", .min = 1, .max = 256}),
    param::field("file_size", &Load::file_size,
                 {.about = "The size of the scratch file; larger than the cache of the disk, to "
                           "get past that.",
                  .min = Bytes{4096},
                  .max = Bytes{1ULL << 34}}),
}};

constexpr KernelVersion unnamed_files{3, 11};

std::vector<sys::Need> needs(const sys::HostFacts& host) {
  return {need_kernel(host, unnamed_files, "files without a name (O_TMPFILE)"),
          note("a filesystem on a disk, with room for the scratch file")};
}

double operations_per_second(const Load& load) {
  if (load.rate) return load.rate->per_second;
  return static_cast<double>(load.bytes_per_second->count) / static_cast<double>(load.block.count);
}

Status check(const Load& load) {
  if (load.rate.has_value() == load.bytes_per_second.has_value()) {
    return error(Code::invalid, "say how much load in exactly one way",
                 "give either rate or bytes_per_second");
  }
  const double operations = operations_per_second(load);
  if (operations < 1 || operations > 1e6) {
    return error(Code::invalid,
                 fmt::format("{:g} operations a second are out of bounds", operations),
                 "allowed: 1 to 1000000");
  }
  if (load.direct && load.block.count % 4096 != 0) {
    return error(Code::invalid,
                 fmt::format("a block of {} cannot go past the page cache", render(load.block)),
                 "use whole pages of 4 KiB, or say `direct: no`");
  }
  if (load.file_size.count < load.block.count || load.file_size.count % 4096 != 0) {
    return error(Code::invalid, "the scratch file must hold a block, and be a multiple of 4 KiB",
                 "make file_size larger");
  }
  return ok();
}

Wants wants(const Load& load) {
  return {.victims = {}, .files = {}, .filesystems = {load.path}};
}

Result<Strike> plan(const Load& load, const Facts& facts, const Choices& choices,
                    std::uint64_t ordinal) {
  const auto found = facts.filesystems.find(load.path);
  if (found == facts.filesystems.end()) {
    return error(Code::not_found, fmt::format("there is no {}", quote(load.path)),
                 "name a folder on the disk");
  }
  const sys::Filesystem& filesystem = found->second;
  if (filesystem.disk.major == 0) {
    return error(Code::unsupported,
                 fmt::format("no disk of this host is behind {} ({})", printable(load.path),
                             filesystem.type),
                 "name a folder on a filesystem on a disk, such as ext4 or XFS");
  }
  const double operations = operations_per_second(load);
  const auto bytes =
      static_cast<std::uint64_t>(std::llround(operations * static_cast<double>(load.block.count)));
  const auto seed = static_cast<std::int64_t>(choices.bits("", "places", ordinal) >> 1);
  json::object request{{"path", json::string(load.path)},
                       {"rate", json::string(render(Rate{operations}))},
                       {"block", json::string(render(load.block))},
                       {"reads", json::string(render(load.reads))},
                       {"random", load.pattern == Pattern::random},
                       {"direct", load.direct},
                       {"sync", load.sync},
                       {"depth", load.depth},
                       {"file_size", json::string(render(load.file_size))},
                       {"seed", seed}};
  return Strike{
      .changes = {{"disk.traffic", std::move(request)}},
      .watches = {{"disk.throughput",
                   {{"path", json::string(load.path)},
                    {"bytes_per_second", json::string(render(Bytes{bytes}))},
                    {"block", json::string(render(load.block))}}}},
      .target = fmt::format("disk {} below {}", render(filesystem.disk), filesystem.mount_point)};
}

}  // namespace

extern const Kind kind_disk_load;
const Kind kind_disk_load = kind_of<Load>({
    .name = "disk.load",
    .summary =
        "A disk is busy with somebody else's reads and writes; everything on it waits longer.",
    .mechanism =
        "A process works on a scratch file without a name on the same filesystem, which it writes "
        "once from end to end first. The load is open: an operation is due at its time on an "
        "absolute grid, whether or not those before it have come back. Which are reads and where "
        "they go is decided by the seed.",
    .undo = "The process is ended, and its scratch file, which has no name, goes with it. It is "
            "tied to "
            "the guardian's life: if squall dies, the kernel ends it, and nothing stays.",
    .limits =
        "It presses on all users of the disk alike; to slow down one victim only use disk.slow. "
        "What the disk cannot deliver is owed for at most a second and then forgiven. Without "
        "`direct` much stays in the page cache, where the witness does not see it. On a disk that "
        "is restless by itself the added load cannot be seen, and the run ends as invalid.",
    .accuracy =
        "Of 100 to 4000 operations a second, reads and writes, at most 0.18 % more or less than "
        "asked for were delivered, told by the counters of the disk's driver.",
    .example = R"({"path": "/srv/data", "rate": "500 /s", "reads": "70 %"})",
    .table = &table,
    .needs = needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
