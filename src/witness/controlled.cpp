#include "witness/controlled.h"

#include <fmt/core.h>

namespace squall::witness {

Result<Controlled> Controlled::open(sys::ProcessId id, std::string_view controller) {
  std::optional<sys::CgroupHierarchy> hierarchy = sys::hierarchy_with(controller);
  if (!hierarchy) {
    return error(Code::unsupported,
                 fmt::format("no cgroup hierarchy here has the {} controller", controller));
  }
  return Controlled(TRY(Subject::open(id)), controller, std::move(*hierarchy));
}

Result<std::optional<std::string>> Controlled::directory() const {
  const std::optional<std::string> text = TRY(subject_.read("cgroup"));
  if (!text) return std::optional<std::string>();
  std::optional<std::string> directory = sys::cgroup_directory(*text, hierarchy_);
  if (directory) return directory;
  return error(Code::unsupported, "the cgroup of the process cannot be seen from here",
               "run outside of the container, in the host's cgroup namespace");
}

std::optional<Limited> Controlled::tightest(const std::string& directory) const {
  std::optional<Limited> tightest;
  for (const std::string& group : sys::groups_upward(directory, hierarchy_)) {
    const auto use = sys::group_use(controller_, group, hierarchy_);
    if (!use || !use->limit) continue;
    if (!tightest || *use->limit < *tightest->use.limit) tightest = Limited{group, *use};
  }
  return tightest;
}

Result<std::vector<Controlled>> open_each(const json::value& processes,
                                          std::string_view controller) {
  std::vector<Controlled> opened;
  const json::array* items = processes.if_array();
  for (std::size_t i = 0; items != nullptr && i < items->size(); ++i) {
    const json::object* item = items->at(i).if_object();
    if (item == nullptr) return error(Code::invalid, "a process is a pid and its start_ticks");
    const sys::ProcessId id{integer_at(*item, "pid"),
                            static_cast<std::uint64_t>(integer_at(*item, "start_ticks"))};
    opened.push_back(TRY(Controlled::open(id, controller)));
  }
  if (opened.empty()) return error(Code::invalid, "there are no processes to look at");
  return opened;
}

}  // namespace squall::witness
