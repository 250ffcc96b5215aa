// process.rlimit: the soft limit of a running process on one resource is another one.
//
// prlimit(2) names its target by pid, so a pidfd is taken and checked before, and the start time is
// compared again afterwards. Without CAP_SYS_RESOURCE the kernel lets only processes of the same
// user set a limit: then a short-lived child takes the user and group of the target and sets it.
// Journaled, because the limit stays when the one who set it dies. The undo gives the old soft
// limit back, unless somebody else set another one meanwhile.
//
// The hard limit is never touched, as it could not be raised again. What the process already holds
// above the limit it keeps. Limits on CPU time and file size are left out: the kernel answers their
// breach by a deadly signal, which no undo takes back.
#include <cerrno>
#include <charconv>
#include <csignal>
#include <optional>

#include <fmt/core.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "change/typed.h"
#include "core/text.h"
#include "sys/file.h"

namespace squall::change {
namespace {

struct ProcessRlimit {
  std::int64_t pid = 0;
  std::int64_t start_ticks = 0;
  int resource = RLIMIT_NOFILE;
  std::int64_t soft = 0;

  sys::ProcessId id() const { return {pid, static_cast<std::uint64_t>(start_ticks)}; }
};

// How a resource is called in the parameters and in /proc/PID/limits.
struct Resource {
  std::string_view name;
  int number = 0;
  std::string_view title;
};

constexpr std::array resources{
    Resource{"nofile", RLIMIT_NOFILE, "Max open files"},
    Resource{"nproc", RLIMIT_NPROC, "Max processes"},
    Resource{"as", RLIMIT_AS, "Max address space"},
    Resource{"data", RLIMIT_DATA, "Max data size"},
    Resource{"memlock", RLIMIT_MEMLOCK, "Max locked memory"},
    Resource{"sigpending", RLIMIT_SIGPENDING, "Max pending signals"},
    Resource{"core", RLIMIT_CORE, "Max core file size"},
};

const Resource& find_resource(int number) {
  const auto found = std::find_if(resources.begin(), resources.end(),
                                  [&](const Resource& one) { return one.number == number; });
  CHECK(found != resources.end(), "the table admits known resources only");
  return *found;
}

std::vector<std::pair<std::string, int>> words() {
  std::vector<std::pair<std::string, int>> all;
  for (const Resource& resource : resources) all.emplace_back(resource.name, resource.number);
  return all;
}

const param::Table<ProcessRlimit> table{{
    param::field("pid", &ProcessRlimit::pid, {.about = "The process.", .required = true, .min = 1}),
    param::field(
        "start_ticks", &ProcessRlimit::start_ticks,
        {.about = "Its start time in clock ticks since boot.", .required = true, .min = 0}),
    param::choice("resource", &ProcessRlimit::resource, words(), "What is limited."),
    param::field("soft", &ProcessRlimit::soft,
                 {.about = "The new soft limit: a count, or bytes for as, data, memlock and core.",
                  .required = true,
                  .min = 0}),
}};

std::string render(rlim_t limit) {
  return limit == RLIM_INFINITY ? "unlimited" : std::to_string(limit);
}

std::optional<rlim_t> parse_limit(std::string_view text) {
  if (text == "unlimited") return RLIM_INFINITY;
  rlim_t value = 0;
  const auto [rest, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || rest != text.data() + text.size()) return std::nullopt;
  return value;
}

Error gone(const ProcessRlimit& params) {
  return error(Code::not_found, fmt::format("process {} is gone", params.pid));
}

// From /proc/PID/limits, which everybody may read: "Max open files   1024   4096   files".
Result<rlimit> read_limit(const ProcessRlimit& params) {
  const Result<std::string> text = sys::read_file(fmt::format("/proc/{}/limits", params.pid));
  if (!text.ok() || !sys::is_alive(params.id())) return gone(params);
  const std::string_view title = find_resource(params.resource).title;
  for (const std::string& line : split(*text, '\n')) {
    if (!line.starts_with(title)) continue;
    std::vector<std::string> words = split(line.substr(title.size()), ' ');
    std::erase(words, "");
    if (words.size() < 2) break;
    const std::optional<rlim_t> soft = parse_limit(words[0]);
    const std::optional<rlim_t> hard = parse_limit(words[1]);
    if (soft && hard) return rlimit{*soft, *hard};
  }
  return error(Code::failed, fmt::format("/proc/{}/limits has no line \"{}\"", params.pid, title));
}

// The id that the kernel would have to see in the caller: from "Uid: real effective saved other".
// nullopt when the three differ, as in a set-user-id program.
std::optional<unsigned> single_id(std::string_view status, std::string_view key) {
  for (const std::string& line : split(status, '\n')) {
    if (!line.starts_with(key)) continue;
    const std::vector<std::string> words = split(trim(line.substr(key.size())), '\t');
    if (words.size() < 3 || words[0] != words[1] || words[1] != words[2]) return std::nullopt;
    if (const auto id = parse_limit(words[0])) return static_cast<unsigned>(*id);
  }
  return std::nullopt;
}

// Sets the limit in a child that has become the user of the target. Returns an errno, 0 if done.
int set_as_owner(const ProcessRlimit& params, const rlimit& limit) {
  const Result<std::string> status = sys::read_file(fmt::format("/proc/{}/status", params.pid));
  if (!status.ok()) return ESRCH;
  const std::optional<unsigned> user = single_id(*status, "Uid:");
  const std::optional<unsigned> group = single_id(*status, "Gid:");
  if (!user || !group) return EPERM;
  const auto number = static_cast<__rlimit_resource>(params.resource);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) return errno;
  if (child == 0) {
    if (::setresgid(*group, *group, *group) != 0) ::_exit(errno);
    if (::setresuid(*user, *user, *user) != 0) ::_exit(errno);
    // Should squall die now, this child must not set the limit behind the back of its undo.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(ECANCELED);
    const int done = ::prlimit(static_cast<pid_t>(params.pid), number, &limit, nullptr);
    ::_exit(done == 0 ? 0 : errno);
  }
  int ending = 0;
  while (::waitpid(child, &ending, 0) < 0) {
    if (errno != EINTR) return errno;
  }
  return WIFEXITED(ending) ? WEXITSTATUS(ending) : ECANCELED;
}

Status set_soft_limit(const ProcessRlimit& params, rlim_t soft) {
  const sys::Fd pidfd = TRY(sys::open_process(params.id()));
  const rlimit now = TRY(read_limit(params));
  const rlimit limit{soft, now.rlim_max};
  const auto number = static_cast<__rlimit_resource>(params.resource);
  int problem = 0;
  if (::prlimit(static_cast<pid_t>(params.pid), number, &limit, nullptr) != 0) problem = errno;
  if (problem == EPERM) problem = set_as_owner(params, limit);
  if (!sys::is_alive(params.id()) || problem == ESRCH) return gone(params);
  if (problem == 0) return ok();
  return errno_error(problem, fmt::format("setting the limit {} of process {}",
                                          find_resource(params.resource).name, params.pid))
      .advise("run squall as root, or as the user of the process");
}

Result<Footprint> footprint(const ProcessRlimit& params) {
  return Footprint{.processes = {params.id()},
                   .resources = {fmt::format("process {} limit {}", params.pid,
                                             find_resource(params.resource).name)}};
}

Result<json::object> capture(const ProcessRlimit& params) {
  const rlimit limit = TRY(read_limit(params));
  if (static_cast<rlim_t>(params.soft) > limit.rlim_max) {
    return error(Code::invalid,
                 fmt::format("the hard limit {} of process {} is {}, below {}",
                             find_resource(params.resource).name, params.pid,
                             render(limit.rlim_max), params.soft),
                 "give a soft limit that is not above it");
  }
  return json::object{{"soft", render(limit.rlim_cur)}, {"hard", render(limit.rlim_max)}};
}

Result<json::object> apply(const ProcessRlimit& params, const json::object&) {
  TRY_VOID(set_soft_limit(params, static_cast<rlim_t>(params.soft)));
  return json::object{};
}

Result<Presence> verify(const ProcessRlimit& params, const json::object& before) {
  const Result<rlimit> now = read_limit(params);
  if (!now.ok() && now.error().code != Code::not_found) return Error(now.error());
  if (!now.ok() || render(now->rlim_cur) == text_at(before, "soft")) return Presence::absent;
  const bool is_ours = now->rlim_cur == static_cast<rlim_t>(params.soft);
  return is_ours ? Presence::in_force : Presence::foreign;
}

Result<Reverted> revert(const ProcessRlimit& params, const json::object& before) {
  const Presence presence = TRY(verify(params, before));
  if (!sys::is_alive(params.id())) {
    return Reverted{Ending::gone, fmt::format("process {} ended", params.pid)};
  }
  if (presence == Presence::absent) return Reverted{Ending::was_absent, "the limit is as before"};
  const rlimit now = TRY(read_limit(params));
  const rlim_t old = parse_limit(text_at(before, "soft")).value_or(RLIM_INFINITY);
  if (presence == Presence::foreign || old > now.rlim_max) {
    return Reverted{Ending::foreign,
                    fmt::format("somebody else set the limits of process {} to {} and {}",
                                params.pid, render(now.rlim_cur), render(now.rlim_max))};
  }
  const Status restored = set_soft_limit(params, old);
  if (!restored.ok() && restored.error().code == Code::not_found) {
    return Reverted{Ending::gone, fmt::format("process {} ended", params.pid)};
  }
  TRY_VOID(restored);
  return Reverted{Ending::restored, ""};
}

std::string describe(const ProcessRlimit& params) {
  return fmt::format("set the soft limit {} of process {} to {}",
                     find_resource(params.resource).name, params.pid, params.soft);
}

std::string undo(const ProcessRlimit& params) {
  return fmt::format("give process {} its old soft limit {} back, unless somebody else changed it",
                     params.pid, find_resource(params.resource).name);
}

}  // namespace

extern const Kind kind_process_rlimit;
const Kind kind_process_rlimit = make_kind<ProcessRlimit>({
    .name = "process.rlimit",
    .about = "The soft limit of a running process on one resource is another one.",
    .keeping = Keeping::journaled,
    .table = &table,
    .footprint = footprint,
    .capture = capture,
    .apply = apply,
    .verify = verify,
    .revert = revert,
    .describe = describe,
    .undo = undo,
});

}  // namespace squall::change
