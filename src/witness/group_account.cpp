#include "witness/group_account.h"

#include <fmt/core.h>

#include "core/text.h"
#include "sys/file.h"
#include "sys/process.h"

namespace squall::witness {

Result<GroupAccount> GroupAccount::open(std::string_view controller, const std::string& name) {
  std::optional<sys::CgroupHierarchy> hierarchy = sys::hierarchy_with(controller);
  if (!hierarchy) {
    return error(Code::unsupported, fmt::format("no control groups here count {}", controller),
                 fmt::format("mount the {} controller", controller));
  }
  GroupAccount account(controller, name, std::move(*hierarchy));
  if (account.used() == 0) return account;
  return error(Code::conflict, fmt::format("there is a control group {} already", printable(name)),
               "choose another name");
}

std::uint64_t GroupAccount::used() {
  if (directory_.empty() || !sys::exists(directory_)) {
    directory_.clear();
    for (const std::string& found : sys::find_cgroups(name_)) {
      if (found.starts_with(hierarchy_.mount + "/")) directory_ = found;
    }
  }
  if (directory_.empty()) return 0;
  const auto use = sys::group_use(controller_, directory_, hierarchy_);
  return use ? use->used : 0;
}

}  // namespace squall::witness
