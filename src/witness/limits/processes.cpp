// limits.processes: sees whether a limit on processes and threads binds one process, and how many
// there are.
//
// The limit is the tightest from the group of the process up to the root of the pids controller, v1
// or v2. The dose is how many tasks are counted against it; the detail tells how often the kernel
// refused one more (pids.events).
#include <fmt/core.h>

#include "witness/controlled.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

struct Target {
  std::int64_t pid = 0;
  std::int64_t start_ticks = 0;
  std::int64_t most = 0;
};

const param::Table<Target> table{{
    param::field("pid", &Target::pid, {.about = "The process.", .required = true, .min = 1}),
    param::field("start_ticks", &Target::start_ticks,
                 {.about = "Its start time, as in /proc/PID/stat.", .required = true}),
    param::field("most", &Target::most,
                 {.about = "The limit at or below which the process counts as limited.",
                  .required = true,
                  .min = 0}),
}};

class LimitedProcesses final : public Witness {
 public:
  LimitedProcesses(Controlled process, std::int64_t most)
      : process_(std::move(process)), most_(static_cast<std::uint64_t>(most)) {}

  Result<Sighting> look() override {
    const std::optional<std::string> directory = TRY(process_.directory());
    if (!directory) return Sighting{.detail = "the process has ended"};
    const std::optional<Limited> group = process_.tightest(*directory);
    if (!group) return Sighting{.detail = "no limit on its processes"};
    const auto refused = sys::group_number(group->directory, "pids.events", "max");
    return Sighting{.on = *group->use.limit <= most_,
                    .dose = static_cast<double>(group->use.used),
                    .detail = fmt::format("a limit of {} tasks, {} there, {} refused",
                                          *group->use.limit, group->use.used, refused.value_or(0))};
  }

 private:
  Controlled process_;
  std::uint64_t most_;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  const sys::ProcessId id{target.pid, static_cast<std::uint64_t>(target.start_ticks)};
  auto witness = std::make_unique<LimitedProcesses>(TRY(Controlled::open(id, "pids")), target.most);
  const Sighting now = TRY(witness->look());
  if (!now.on) return witness;
  return error(Code::conflict,
               fmt::format("process {} is already under {}", target.pid, now.detail),
               "choose a limit below that");
}

}  // namespace

extern const Kind kind_limits_processes;
const Kind kind_limits_processes = kind_of<Target>({
    .name = "limits.processes",
    .about = "Whether a limit on processes and threads binds the process, told by its cgroups.",
    .dose_unit = "tasks",
    .every = milliseconds(10),
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
