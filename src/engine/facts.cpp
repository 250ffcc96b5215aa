#include "engine/facts.h"

#include <algorithm>

#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include "param/secret_codec.h"
#include "scenario/references.h"
#include "sys/cgroup.h"
#include "sys/file.h"
#include "sys/program_path.h"
#include "sys/secret.h"
#include "sys/user.h"

namespace squall::engine {
namespace {

fault::FileFacts look_at_file(const std::string& path, bool wants_content) {
  fault::FileFacts facts;
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return facts;
  facts.is_folder = S_ISDIR(status.st_mode);
  if (!S_ISREG(status.st_mode)) return facts;
  facts.exists = true;
  facts.size = static_cast<std::uint64_t>(status.st_size);
  facts.mode = status.st_mode & 07777U;
  facts.user = status.st_uid;
  facts.group = status.st_gid;
  if (Result<std::string> hash = sys::file_sha256(path)) facts.sha256 = std::move(*hash);
  if (!wants_content || facts.size > fault::largest_content) return facts;
  if (Result<std::string> text = sys::read_file(path, fault::largest_content)) {
    facts.content = std::move(*text);
  }
  return facts;
}

// Where this controller counts a process; nothing where there is no such controller.
std::optional<std::string> group_of(const sys::ProcessId& id, const sys::Controller* controller) {
  if (controller == nullptr) return std::nullopt;
  const Result<sys::CgroupHierarchy> hierarchy = sys::cgroup_hierarchy_of(controller->mount);
  if (!hierarchy.ok()) return std::nullopt;
  const Result<std::string> directory = sys::cgroup_directory_of(id, *hierarchy);
  return directory.ok() ? std::optional(*directory) : std::nullopt;
}

// Later strikes may find nobody: the unit, its cgroup or its pid file may be gone while the victim
// of the strike before is being restarted. This process and whoever started it name the victims in
// their command lines, and are none.
Result<std::vector<sys::Process>> find_victims(const Selector& selector, std::uint64_t ordinal) {
  Result<std::vector<sys::Process>> found = sys::find_processes(selector);
  if (!found.ok()) {
    if (found.error().code == Code::not_found && ordinal > 0) return std::vector<sys::Process>{};
    return found;
  }
  if (!selector.command_line.empty()) {
    const std::vector<std::int64_t> family = sys::ancestors(::getpid());
    std::erase_if(*found, [&](const sys::Process& process) {
      return std::find(family.begin(), family.end(), process.id.pid) != family.end();
    });
  }
  return found;
}

// Whoever may not send a victim the signal 0, which does nothing, may do nothing else to it.
Status check_rights(const std::vector<sys::Process>& victims) {
  for (const sys::Process& victim : victims) {
    const Result<sys::Fd> pidfd = sys::open_process(victim.id);
    const Status allowed = pidfd.ok() ? sys::send_signal(*pidfd, 0) : ok();
    if (allowed.ok() || allowed.error().code != Code::refused)
      continue;  // gone is no lack of rights
    return error(
        Code::unsupported,
        fmt::format("{} (pid {}) belongs to the user {}, and this user ({}) may not touch it",
                    printable(victim.name), victim.id.pid, victim.uid, ::geteuid()),
        "run squall with sudo, or select processes of your own");
  }
  return ok();
}

// Every file of this name that one of the victims would find, or that stands in the given PATH.
Result<std::vector<std::string>> find_program(const std::string& name, const fault::Wants& wants,
                                              const std::vector<sys::Process>& victims) {
  if (!wants.search_path.empty()) return sys::find_in_search_path(name, wants.search_path);
  std::vector<std::string> found;
  for (const sys::Process& victim : victims) {
    const std::string path = TRY(sys::search_path_of(victim.id), "finding the PATH of the victim");
    for (std::string& one : sys::find_in_search_path(name, path)) {
      if (std::find(found.begin(), found.end(), one) == found.end()) found.push_back(one);
    }
  }
  return found;
}

// Changes stand in the journal, so what a kind declares as a secret goes there as a reference only.
Result<json::object> resolve_params(const fault::Kind& kind, const json::object& params) {
  json::object resolved;
  for (const param::FieldInfo& field : kind.table->fields()) {
    const json::value* value = params.if_contains(field.name);
    if (value == nullptr) continue;
    const bool is_secret = field.type == param::Codec<param::Secret>::type && value->is_string();
    resolved[field.name] =
        is_secret ? json::value(json::string(TRY(sys::share_secret(value->get_string()))))
                  : TRY(scenario::resolve_secrets(*value));
  }
  return resolved;
}

}  // namespace

Result<fault::Facts> gather_facts(const fault::Wants& wants, const sys::HostFacts& host,
                                  const Choices& choices, std::uint64_t ordinal) {
  fault::Facts facts;
  facts.host = host;
  if (wants.victims) {
    std::vector<sys::Process> found =
        TRY(find_victims(*wants.victims, ordinal), "finding the victims");
    facts.victims = sys::pick_processes(*wants.victims, std::move(found), choices, ordinal);
    TRY_VOID(check_rights(facts.victims));
  }
  for (const std::string& name : wants.controllers) {
    for (const sys::Process& victim : facts.victims) {
      if (auto directory = group_of(victim.id, host.controller(name))) {
        facts.cgroups[name][victim.id.pid] = *directory;
      }
    }
  }
  for (const std::string& path : wants.files) facts.files[path] = look_at_file(path, false);
  for (const std::string& path : wants.contents) facts.files[path] = look_at_file(path, true);
  for (const std::string& path : wants.filesystems) {
    if (auto filesystem = sys::look_at_filesystem(path)) facts.filesystems[path] = *filesystem;
  }
  for (const std::string& name : wants.programs) {
    facts.programs[name] = TRY(find_program(name, wants, facts.victims));
  }
  for (const std::string& user : wants.users) facts.users[user] = TRY(sys::user_id(user));
  for (const std::string& group : wants.groups) facts.groups[group] = TRY(sys::group_id(group));
  return facts;
}

Result<fault::Strike> plan_strike(const fault::Kind& kind, const scenario::PlannedFault& fault,
                                  const sys::HostFacts& host, std::uint64_t seed,
                                  std::uint64_t ordinal) {
  const Choices choices(seed, fault.id);
  const json::object params = TRY(resolve_params(kind, fault.params));
  const fault::Wants wants = TRY(kind.wants(params));
  const fault::Facts facts = TRY(gather_facts(wants, host, choices, ordinal));
  return kind.plan(params, facts, choices, ordinal);
}

}  // namespace squall::engine
