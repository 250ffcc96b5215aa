// host.processes: sees how many more processes and threads there are.
//
// Where the pids controller counts them, the kernel's own account of one control group is read, by
// the name that the group is told to have; it is exact. Where no group is named, the count of the
// whole host (/proc/loadavg) is compared with that when the witness was opened: then other work on
// the host is seen too.
#include <algorithm>
#include <charconv>

#include <fmt/core.h>

#include "sys/file.h"
#include "witness/group_account.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

struct Target {
  std::int64_t at_least = 0;
  std::string group;
};

const param::Table<Target> table{{
    param::field(
        "at_least", &Target::at_least,
        {.about = "From how many on the fault counts as seen.", .required = true, .min = 1}),
    param::field("group", &Target::group,
                 {.about = "The name of the control group in which they are counted; without one "
                           "the whole host is looked at."}),
}};

// "0.00 0.01 0.05 2/345 6789": 345 threads exist.
Result<std::int64_t> read_tasks() {
  const std::string text = TRY(sys::read_file("/proc/loadavg", 4096));
  const std::size_t slash = text.find('/');
  std::int64_t tasks = 0;
  if (slash != std::string::npos) {
    std::from_chars(text.data() + slash + 1, text.data() + text.size(), tasks);
  }
  if (tasks > 0) return tasks;
  return error(Code::unsupported, "/proc/loadavg is not as the kernel writes it");
}

class Processes final : public Witness {
 public:
  Processes(std::int64_t at_least, std::optional<GroupAccount> group, std::int64_t level)
      : at_least_(at_least), group_(std::move(group)), level_(level) {}

  Result<Sighting> look() override {
    const std::int64_t tasks = TRY(read_tasks());
    const std::int64_t more = group_ ? static_cast<std::int64_t>(group_->used())
                                     : std::max<std::int64_t>(0, tasks - level_);
    return Sighting{.on = more >= at_least_,
                    .dose = static_cast<double>(more),
                    .detail = fmt::format("{} more tasks, {} on the host in all", more, tasks)};
  }

 private:
  std::int64_t at_least_;
  std::optional<GroupAccount> group_;
  std::int64_t level_;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  const std::int64_t level = TRY(read_tasks());
  std::optional<GroupAccount> group;
  if (!target.group.empty()) group = TRY(GroupAccount::open("pids", target.group));
  return std::make_unique<Processes>(target.at_least, std::move(group), level);
}

}  // namespace

extern const Kind kind_host_processes;
const Kind kind_host_processes = kind_of<Target>({
    .name = "host.processes",
    .about = "How many more processes and threads there are, told by the kernel's counts.",
    .dose_unit = "tasks",
    .every = milliseconds(10),
    .comes_and_goes = true,
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
