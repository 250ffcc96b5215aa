// memory.limited: sees whether a memory limit binds one process, and how full it is.
//
// The limit is the tightest from the group of the process up to the root of the memory controller,
// v1 or v2. The dose is what is counted against it: near the limit the kernel takes pages back from
// the group, and at the limit it kills or stops somebody in it.
#include <fmt/core.h>

#include "core/units.h"
#include "witness/controlled.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

struct Target {
  std::int64_t pid = 0;
  std::int64_t start_ticks = 0;
  Bytes limit;
};

const param::Table<Target> table{{
    param::field("pid", &Target::pid, {.about = "The process.", .required = true, .min = 1}),
    param::field("start_ticks", &Target::start_ticks,
                 {.about = "Its start time, as in /proc/PID/stat.", .required = true}),
    param::field("limit", &Target::limit,
                 {.about = "The limit at or below which the process counts as limited.",
                  .required = true,
                  .min = Bytes{1}}),
}};

// How often the group ran into its limit since it was made.
std::uint64_t times_at_limit(const Limited& group, const sys::CgroupHierarchy& hierarchy) {
  const auto times = hierarchy.is_v2 ? sys::group_number(group.directory, "memory.events", "max")
                                     : sys::group_number(group.directory, "memory.failcnt");
  return times.value_or(0);
}

class LimitedMemory final : public Witness {
 public:
  LimitedMemory(Controlled process, Bytes limit) : process_(std::move(process)), limit_(limit) {}

  Result<Sighting> look() override {
    const std::optional<std::string> directory = TRY(process_.directory());
    if (!directory) return Sighting{.detail = "the process has ended"};
    const std::optional<Limited> group = process_.tightest(*directory);
    if (!group) return Sighting{.detail = "no limit on its memory"};
    const std::uint64_t limit = *group->use.limit;
    return Sighting{
        .on = limit <= limit_.count,
        .dose = static_cast<double>(group->use.used),
        .detail = fmt::format("a limit of {}, {} of it used, {} times at the limit",
                              render_rounded(Bytes{limit}), render_rounded(Bytes{group->use.used}),
                              times_at_limit(*group, process_.hierarchy()))};
  }

 private:
  Controlled process_;
  Bytes limit_;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  const sys::ProcessId id{target.pid, static_cast<std::uint64_t>(target.start_ticks)};
  auto witness = std::make_unique<LimitedMemory>(TRY(Controlled::open(id, "memory")), target.limit);
  const Sighting now = TRY(witness->look());
  if (!now.on) return witness;
  return error(Code::conflict,
               fmt::format("process {} is already under {}", target.pid, now.detail),
               "choose a limit below that");
}

}  // namespace

extern const Kind kind_memory_limited;
const Kind kind_memory_limited = kind_of<Target>({
    .name = "memory.limited",
    .about = "Whether a memory limit binds the process, told by its control groups.",
    .dose_unit = "bytes",
    .every = milliseconds(5),
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
