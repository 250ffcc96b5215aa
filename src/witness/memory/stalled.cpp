// memory.stalled: sees processes held up because their control group has no memory left to give.
//
// On cgroup v1 a group whose kills are switched off says so itself (under_oom in
// memory.oom_control): whoever in it needs a page waits in the kernel. On cgroup v2 the kernel
// slows down who goes past memory.high, and counts each time in memory.events; while that count
// goes up the group is stalled.
#include <map>

#include <fmt/core.h>

#include "sys/clock.h"
#include "witness/controlled.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

struct Target {
  json::value processes = json::array{};
};

const param::Table<Target> table{{
    param::field(
        "processes", &Target::processes,
        {.about = "List of {pid, start_ticks}: whose groups are looked at.", .required = true}),
}};

// A process that the kernel slows down is held for up to 2 s before it tries again.
constexpr Duration slowing = seconds(2);

class Stalled final : public Witness {
 public:
  explicit Stalled(std::vector<Controlled> processes) : processes_(std::move(processes)) {}

  Result<Sighting> look() override {
    int stalled = 0;
    for (const Controlled& process : processes_) {
      const std::optional<std::string> group = TRY(process.directory());
      if (group && is_stalled(*group, process.hierarchy())) ++stalled;
    }
    return Sighting{.on = stalled > 0,
                    .dose = static_cast<double>(stalled),
                    .detail = fmt::format("{} of {} processes in a group without memory to give",
                                          stalled, processes_.size())};
  }

 private:
  struct Slowed {
    std::uint64_t times = 0;
    Duration at;
  };

  bool is_stalled(const std::string& group, const sys::CgroupHierarchy& hierarchy) {
    if (!hierarchy.is_v2) {
      return sys::group_number(group, "memory.oom_control", "under_oom").value_or(0) > 0;
    }
    const std::uint64_t times = sys::group_number(group, "memory.events", "high").value_or(0);
    const auto [known, is_new] = slowed_.try_emplace(group, Slowed{times, Duration{}});
    if (times > known->second.times) known->second = {times, sys::monotonic_now()};
    return known->second.at > Duration{} && sys::monotonic_now() - known->second.at < slowing;
  }

  std::vector<Controlled> processes_;
  std::map<std::string, Slowed> slowed_;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  auto witness = std::make_unique<Stalled>(TRY(open_each(target.processes, "memory")));
  const Sighting now = TRY(witness->look());
  if (!now.on) return witness;
  return error(Code::conflict, now.detail + " already", "wait until it has memory again");
}

}  // namespace

extern const Kind kind_memory_stalled;
const Kind kind_memory_stalled = kind_of<Target>({
    .name = "memory.stalled",
    .about = "Whether processes are held up for want of memory, told by their control groups.",
    .dose_unit = "processes",
    .every = milliseconds(5),
    .comes_and_goes = true,
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
