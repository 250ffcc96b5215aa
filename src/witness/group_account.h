// What the kernel counts in one control group that is known by its name only, and may not exist
// yet: it is looked for again until it does.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sys/controllers.h"

namespace squall::witness {

class GroupAccount {
 public:
  // `controller` is memory or pids. Code::unsupported where none counts that; Code::conflict when
  // there is a group of that name which counts something already.
  static Result<GroupAccount> open(std::string_view controller, const std::string& name);
  // Bytes or tasks; 0 while there is no such group.
  std::uint64_t used();

 private:
  GroupAccount(std::string_view controller, std::string name, sys::CgroupHierarchy hierarchy)
      : controller_(controller), name_(std::move(name)), hierarchy_(std::move(hierarchy)) {}

  std::string controller_;
  std::string name_;
  sys::CgroupHierarchy hierarchy_;
  std::string directory_;
};

}  // namespace squall::witness
