#include "sys/host.h"

#include <fmt/core.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/text.h"
#include "sys/fd.h"
#include "sys/file.h"

namespace squall::sys {
namespace {

constexpr int capability_kill = 5;
constexpr int capability_net_admin = 12;
constexpr int capability_sys_resource = 24;

std::uint64_t effective_capabilities() {
  const Result<std::string> status = read_file("/proc/self/status", 65536);
  if (!status.ok()) return 0;
  for (const std::string& line : split(*status, '\n')) {
    if (line.starts_with("CapEff:")) {
      return std::stoull(std::string(trim(std::string_view(line).substr(7))), nullptr, 16);
    }
  }
  return 0;
}

// Mount points of the cpu controller, from /proc/self/mounts: "device point type options 0 0".
void find_cpu_controller(HostFacts& facts) {
  const Result<std::string> mounts = read_file("/proc/self/mounts");
  if (!mounts.ok()) return;
  for (const std::string& line : split(*mounts, '\n')) {
    const std::vector<std::string> fields = split(line, ' ');
    if (fields.size() < 4) continue;
    if (fields[2] == "cgroup") {
      const std::vector<std::string> options = split(fields[3], ',');
      for (const std::string& option : options) {
        if (option == "cpu") facts.cpu_v1_root = fields[1];
      }
    }
    if (fields[2] == "cgroup2") {
      const Result<std::string> controllers = read_file(fields[1] + "/cgroup.controllers", 4096);
      if (!controllers.ok()) continue;
      for (const std::string& word : split(trim(*controllers), ' ')) {
        if (word == "cpu") facts.cpu_v2_root = fields[1];
      }
    }
  }
}

}  // namespace

HostFacts look_at_host() {
  HostFacts facts;
  facts.cores = static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
  facts.is_root = ::geteuid() == 0;
  const std::uint64_t capabilities = effective_capabilities();
  const auto has = [&](int bit) { return (capabilities >> bit & 1) != 0; };
  facts.may_signal_others = has(capability_kill);
  facts.may_administer_network = has(capability_net_admin);
  facts.may_raise_limits = has(capability_sys_resource);
  const Fd netfilter(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER));
  facts.has_nf_tables = netfilter.valid();
  find_cpu_controller(facts);
  utsname name{};
  if (::uname(&name) == 0) facts.kernel = name.release;
  return facts;
}

}  // namespace squall::sys
