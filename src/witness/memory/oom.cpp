// memory.oom: sees the kernel kill somebody for want of memory, in the control groups of some
// processes.
//
// Each group counts its kills (memory.oom_control on v1, memory.events on v2). The groups are those
// in which the processes stand from the opening on; in one that is made later every kill counts.
// A process can move and be killed between two looks; then its end together with the host's own
// count of such kills (/proc/vmstat) tells it. Death has no end.
#include <map>

#include <fmt/core.h>
#include <sys/stat.h>

#include "core/text.h"
#include "sys/clock.h"
#include "sys/file.h"
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

std::optional<std::uint64_t> kills_of(const std::string& group,
                                      const sys::CgroupHierarchy& hierarchy) {
  return sys::group_number(group, hierarchy.is_v2 ? "memory.events" : "memory.oom_control",
                           "oom_kill");
}

std::uint64_t kills_on_host() {
  return sys::group_number("/proc", "vmstat", "oom_kill").value_or(0);
}

// Kernfs gives a directory its time of making.
bool was_made_after(const std::string& group, std::int64_t wall_nanoseconds) {
  struct stat status {};
  if (::stat(group.c_str(), &status) != 0) return false;
  return status.st_ctim.tv_sec * 1'000'000'000LL + status.st_ctim.tv_nsec >= wall_nanoseconds;
}

class OutOfMemory final : public Witness {
 public:
  explicit OutOfMemory(std::vector<Controlled> processes) : processes_(std::move(processes)) {}

  Result<Sighting> look() override {
    std::size_t ended = 0;
    for (const Controlled& process : processes_) {
      const std::optional<std::string> group = TRY(process.directory());
      if (group) add_group(*group);
      if (!group) ++ended;
    }
    const std::uint64_t kills = count_kills();
    if (kills > 0) {
      return Sighting{.on = true,
                      .dose = static_cast<double>(kills),
                      .detail = fmt::format("{} killed for want of memory in the group", kills)};
    }
    if (ended > 0 && kills_on_host() > host_before_) {
      return Sighting{
          .on = true,
          .dose = static_cast<double>(ended),
          .detail = fmt::format("{} ended, and the host counts a kill for want of memory", ended)};
    }
    return Sighting{
        .detail = fmt::format("no kill; {} of {} processes have ended", ended, processes_.size())};
  }

 private:
  struct Counter {
    std::uint64_t before = 0;
    std::uint64_t now = 0;
  };

  void add_group(const std::string& group) {
    if (groups_.contains(group)) return;
    const std::uint64_t kills = kills_of(group, processes_.front().hierarchy()).value_or(0);
    groups_[group] = {was_made_after(group, opened_) ? 0 : kills, kills};
  }
  // A group that is gone keeps its last count.
  std::uint64_t count_kills() {
    std::uint64_t kills = 0;
    for (auto& [group, counter] : groups_) {
      counter.now = kills_of(group, processes_.front().hierarchy()).value_or(counter.now);
      kills += counter.now - std::min(counter.now, counter.before);
    }
    return kills;
  }

  std::vector<Controlled> processes_;
  std::map<std::string, Counter> groups_;
  std::int64_t opened_ = sys::wall_nanoseconds();
  std::uint64_t host_before_ = kills_on_host();
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  auto witness = std::make_unique<OutOfMemory>(TRY(open_each(target.processes, "memory")));
  TRY_VOID(witness->look());
  return witness;
}

}  // namespace

extern const Kind kind_memory_oom;
const Kind kind_memory_oom = kind_of<Target>({
    .name = "memory.oom",
    .about = "Whether the kernel killed for want of memory, told by its own counts.",
    .dose_unit = "kills",
    .every = milliseconds(5),
    .sees_end = false,
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
