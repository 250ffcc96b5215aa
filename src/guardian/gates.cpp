#include "guardian/gates.h"

#include <algorithm>
#include <charconv>
#include <climits>
#include <cstring>

#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/text.h"
#include "core/units.h"
#include "guardian/protected_paths.h"
#include "sys/file.h"
#include "sys/nft_rule.h"

namespace squall::guardian {
namespace {

constexpr int ssh_port = 22;

Status check_path(const change::Kind& kind, const std::string& path, const GateFacts& facts) {
  const bool sets_limits = kind.name.starts_with("cgroup.") || kind.name == "container.limits";
  if (sets_limits && is_within(path, "/sys/fs/cgroup")) return ok();
  return check_protected(path, {.state_folder = facts.state_folder,
                                .by_policy = facts.policy.protected_paths,
                                .by_runs = facts.protected_paths,
                                .allowed = facts.policy.allowed_paths});
}

Status check_process(const sys::ProcessId& id, const GateFacts& facts) {
  if (facts.protected_pids.contains(id.pid)) {
    return error(
        Code::refused,
        fmt::format("process {} is protected: it is init, squall itself, or belongs to the session "
                    "that squall was started from",
                    id.pid),
        "choose a process of the target");
  }
  const Result<sys::Process> process = sys::read_process(id.pid);
  if (process.ok() && process->is_kernel_thread) {
    return error(Code::refused, fmt::format("process {} is a kernel thread", id.pid));
  }
  return ok();
}

bool port_matches(int rule, int port) {
  return rule == 0 || port == 0 || rule == port;
}

Status check_cut(const change::TrafficCut& cut, const GateFacts& facts) {
  const std::string where = network_namespace_name(cut.network_namespace);
  if (where.empty()) {
    return error(Code::not_found,
                 fmt::format("{} is not a network namespace", cut.network_namespace),
                 "name one such as /proc/PID/ns/net or /run/netns/NAME");
  }
  if (where != facts.own_network_namespace || cut.protocol == "udp") return ok();
  for (const SshSession& session : facts.sessions) {
    if (sys::peer_covers(cut.peer, session.client) &&
        port_matches(cut.local_port, session.server_port) &&
        port_matches(cut.remote_port, session.client_port)) {
      return error(
          Code::refused,
          fmt::format("this would cut the ssh session from {} that squall was started from",
                      session.client),
          "narrow it with peer, port or namespace");
    }
  }
  std::vector<int> ports = facts.policy.protected_ports;
  ports.push_back(ssh_port);
  for (const int port : ports) {
    const bool names_port = cut.local_port == port;
    const bool covers_all = cut.local_port == 0 && cut.remote_port == 0 && cut.peer.empty();
    if (names_port || covers_all) {
      return error(Code::refused, fmt::format("this would cut port {} of this host", port),
                   "narrow it with peer or port, or name a network namespace");
    }
  }
  return ok();
}

// Allowed by default: who may speak to the guardian is its own user or root, and a scenario of his
// can run programs with the same rights as probes. A host on which scenarios are written by others
// than its root says no.
Status check_programs(const change::Footprint& footprint, const GateFacts& facts) {
  if (footprint.programs.empty() || facts.policy.allow_commands) return ok();
  return error(Code::refused,
               fmt::format("{} would be run: the policy allows no commands",
                           printable(footprint.programs.front())),
               "use a fault that squall has, or write allow_commands yes in the policy");
}

Status check_radius(const change::Footprint& footprint, const GateFacts& facts) {
  std::set<sys::ProcessId> processes(footprint.processes.begin(), footprint.processes.end());
  double cores = footprint.burnt_cores;
  for (const change::Footprint& other : facts.live) {
    processes.insert(other.processes.begin(), other.processes.end());
    cores += other.burnt_cores;
  }
  const Policy& policy = facts.policy;
  const auto refuse = [](std::string_view what, double asked, double allowed) {
    return error(Code::refused,
                 fmt::format("blast radius: {:g} {} at once over all runs, {:g} are allowed", asked,
                             what, allowed),
                 "end another run first, or raise the limit in the guardian's policy");
  };
  const auto changes = static_cast<double>(facts.live.size() + 1);
  if (changes > static_cast<double>(policy.changes_max)) {
    return refuse("changes", changes, static_cast<double>(policy.changes_max));
  }
  if (static_cast<std::int64_t>(processes.size()) > policy.processes_max) {
    return refuse("processes", static_cast<double>(processes.size()),
                  static_cast<double>(policy.processes_max));
  }
  const double cores_max = policy.cores_max > 0 ? policy.cores_max : facts.host_cores;
  if (cores > cores_max + 1e-9) return refuse("burnt cores", cores, cores_max);
  return ok();
}

}  // namespace

std::optional<SshSession> parse_ssh_connection(std::string_view text) {
  const std::vector<std::string> words = split(trim(text), ' ');
  if (words.size() != 4) return std::nullopt;
  SshSession session;
  session.client = words[0];
  const auto read = [](const std::string& word, int& port) {
    auto [rest, code] = std::from_chars(word.data(), word.data() + word.size(), port);
    return code == std::errc() && rest == word.data() + word.size();
  };
  if (!read(words[1], session.client_port) || !read(words[3], session.server_port))
    return std::nullopt;
  return session;
}

Status check_gates(const change::Kind& kind, const change::Footprint& footprint,
                   const GateFacts& facts) {
  for (const std::string& path : footprint.paths) TRY_VOID(check_path(kind, path, facts));
  for (const sys::ProcessId& id : footprint.processes) TRY_VOID(check_process(id, facts));
  for (const change::TrafficCut& cut : footprint.cuts) TRY_VOID(check_cut(cut, facts));
  TRY_VOID(check_programs(footprint, facts));
  return check_radius(footprint, facts);
}

std::string network_namespace_name(const std::string& path) {
  struct stat status {};
  const std::string file = path.empty() ? "/proc/self/ns/net" : path;
  struct stat own {};
  // Namespaces live on their own filesystem: another device means that the path is something else.
  if (::stat(file.c_str(), &status) != 0 || ::stat("/proc/self/ns/net", &own) != 0 ||
      status.st_dev != own.st_dev) {
    return {};
  }
  return fmt::format("net:[{}]", status.st_ino);
}

}  // namespace squall::guardian
