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
#include "sys/controllers.h"
#include "sys/file.h"
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
  Filled(Target target, std::optional<sys::CgroupHierarchy> hierarchy, HostMemory level)
      : target_(std::move(target)), hierarchy_(std::move(hierarchy)), level_(level) {}

  Result<Sighting> look() override {
    const HostMemory now = TRY(read_host_memory());
    const std::uint64_t grown = now.anonymous - std::min(now.anonymous, level_.anonymous);
    const std::uint64_t held = hierarchy_ ? counted() : grown;
    return Sighting{
        .on = held >= target_.at_least.count,
        .dose = static_cast<double>(held),
        .detail = fmt::format("{} held, {} available to the host", render_rounded(Bytes{held}),
                              render_rounded(Bytes{now.available}))};
  }
  // By the group, which may not exist; looked for again until it does.
  std::uint64_t counted() {
    if (directory_.empty() || !sys::exists(directory_)) {
      directory_.clear();
      for (const std::string& found : sys::find_cgroups(target_.group)) {
        if (found.starts_with(hierarchy_->mount + "/")) directory_ = found;
      }
    }
    if (directory_.empty()) return 0;
    const auto use = sys::group_use("memory", directory_, *hierarchy_);
    return use ? use->used : 0;
  }

 private:
  Target target_;
  std::optional<sys::CgroupHierarchy> hierarchy_;
  HostMemory level_;
  std::string directory_;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  const HostMemory level = TRY(read_host_memory());
  if (target.group.empty()) return std::make_unique<Filled>(target, std::nullopt, level);
  std::optional<sys::CgroupHierarchy> hierarchy = sys::hierarchy_with("memory");
  if (!hierarchy) {
    return error(Code::unsupported, "no control groups here count memory",
                 "mount the memory controller");
  }
  auto witness = std::make_unique<Filled>(target, std::move(hierarchy), level);
  if (witness->counted() == 0) return witness;
  return error(Code::conflict,
               fmt::format("there is a control group {} already", printable(target.group)),
               "choose another name");
}

}  // namespace

extern const Kind kind_memory_filled;
const Kind kind_memory_filled = kind_of<Target>({
    .name = "memory.filled",
    .about = "How much memory is kept from everybody else, told by what the kernel counts.",
    .dose_unit = "bytes",
    .every = milliseconds(10),
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
