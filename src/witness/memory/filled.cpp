// memory.filled: sees how much memory is kept from everybody else.
//
// Where the memory controller counts it, the kernel's own account of one control group is read, by
// the name that the group is told to have; it is exact, whatever else the host does meanwhile.
// Where no group is named, the anonymous memory of the whole host is compared with its level when
// the witness was opened: then other work on the host is seen too. What is left for the host is
// told beside it.
#include <charconv>

#include <fmt/core.h>

#include "core/text.h"
#include "core/units.h"
#include "sys/file.h"
#include "witness/group_account.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

struct Target {
  Bytes at_least;
  std::string group;
};

const param::Table<Target> table{{
    param::field("at_least", &Target::at_least,
                 {.about = "From how much on the memory counts as filled.",
                  .required = true,
                  .min = Bytes{1}}),
    param::field("group", &Target::group,
                 {.about = "The name of the control group in which it is counted; without one the "
                           "whole host is looked at."}),
}};

struct HostMemory {
  std::uint64_t available = 0;
  std::uint64_t anonymous = 0;
};

// "Name:   number kB"
Result<HostMemory> read_host_memory() {
  const std::string text = TRY(sys::read_file("/proc/meminfo", 1 << 16));
  HostMemory memory;
  for (const std::string& line : split(text, '\n')) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::string_view number = trim(std::string_view(line).substr(colon + 1));
    std::uint64_t kilobytes = 0;
    std::from_chars(number.data(), number.data() + number.size(), kilobytes);
    if (line.starts_with("MemAvailable:")) memory.available = kilobytes * 1024;
    if (line.starts_with("AnonPages:")) memory.anonymous = kilobytes * 1024;
  }
  return memory;
}

class Filled final : public Witness {
 public:
  Filled(Bytes at_least, std::optional<GroupAccount> group, HostMemory level)
      : at_least_(at_least), group_(std::move(group)), level_(level) {}

  Result<Sighting> look() override {
    const HostMemory now = TRY(read_host_memory());
    const std::uint64_t grown = now.anonymous - std::min(now.anonymous, level_.anonymous);
    const std::uint64_t held = group_ ? group_->used() : grown;
    return Sighting{
        .on = held >= at_least_.count,
        .dose = static_cast<double>(held),
        .detail = fmt::format("{} held, {} available to the host", render_rounded(Bytes{held}),
                              render_rounded(Bytes{now.available}))};
  }

 private:
  Bytes at_least_;
  std::optional<GroupAccount> group_;
  HostMemory level_;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  const HostMemory level = TRY(read_host_memory());
  std::optional<GroupAccount> group;
  if (!target.group.empty()) group = TRY(GroupAccount::open("memory", target.group));
  return std::make_unique<Filled>(target.at_least, std::move(group), level);
}

}  // namespace

extern const Kind kind_memory_filled;
const Kind kind_memory_filled = kind_of<Target>({
    .name = "memory.filled",
    .about = "How much memory is kept from everybody else, told by what the kernel counts.",
    .dose_unit = "bytes",
    .every = milliseconds(10),
    .comes_and_goes = true,
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
