#include "sys/host.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include <fcntl.h>
#include <fmt/core.h>
#include <linux/capability.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/fanotify.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/text.h"
#include "sys/fd.h"
#include "sys/file.h"

namespace squall::sys {
namespace {

std::uint64_t effective_capabilities() {
  const Result<std::string> status = read_file("/proc/self/status", 65536);
  if (!status.ok()) return 0;
  for (const std::string& line : split(*status, '\n')) {
    if (!line.starts_with("CapEff:")) continue;
    const std::string_view digits = trim(std::string_view(line).substr(7));
    std::uint64_t bits = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), bits, 16);
    return bits;
  }
  return 0;
}

// Asks nf_tables for the number of its generation, which changes nothing. The socket alone proves
// little: it opens wherever any part of netfilter is built in. Without CAP_NET_ADMIN the kernel
// refuses before it looks whether nf_tables is there, so that answer counts as a yes.
bool nf_tables_answers() {
  const Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER));
  if (!socket.valid()) return false;
  struct {
    nlmsghdr header;
    nfgenmsg generic;
  } request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETGEN;
  request.header.nlmsg_flags = NLM_F_REQUEST;
  if (::send(socket.get(), &request, sizeof request, 0) < 0) return false;
  alignas(nlmsghdr) std::array<char, 4096> answer;
  const ssize_t got = ::recv(socket.get(), answer.data(), answer.size(), MSG_DONTWAIT);
  nlmsghdr header{};
  if (got < static_cast<ssize_t>(sizeof header + sizeof(int))) return false;
  std::memcpy(&header, answer.data(), sizeof header);
  if (header.nlmsg_type != NLMSG_ERROR) return true;
  int number = 0;
  std::memcpy(&number, answer.data() + sizeof header, sizeof number);
  return number == -EPERM;
}

// What a version 1 hierarchy may be mounted with; its other mount options are no controllers.
constexpr std::array<std::string_view, 13> v1_controllers = {
    "cpu",     "cpuacct",    "cpuset",   "memory",  "blkio",   "pids", "freezer",
    "devices", "perf_event", "net_prio", "net_cls", "hugetlb", "rdma"};

// From /proc/self/mounts: "device point type options 0 0".
void find_controllers(HostFacts& facts) {
  const Result<std::string> mounts = read_file("/proc/self/mounts");
  if (!mounts.ok()) return;
  for (const std::string& line : split(*mounts, '\n')) {
    const std::vector<std::string> fields = split(line, ' ');
    if (fields.size() < 4) continue;
    if (fields[2] == "cgroup") {
      for (const std::string& option : split(fields[3], ',')) {
        const bool is_one =
            std::find(v1_controllers.begin(), v1_controllers.end(), option) != v1_controllers.end();
        if (is_one) facts.controllers.try_emplace(option, Controller{fields[1], false});
      }
    }
    if (fields[2] == "cgroup2") {
      const Result<std::string> offered = read_file(fields[1] + "/cgroup.controllers", 4096);
      if (!offered.ok()) continue;
      for (const std::string& word : split(trim(*offered), ' ')) {
        if (!word.empty()) facts.controllers.try_emplace(word, Controller{fields[1], true});
      }
    }
  }
}

// Needs CAP_SYS_ADMIN, and a kernel with CONFIG_FANOTIFY_ACCESS_PERMISSIONS.
bool fanotify_decides() {
  return Fd(::fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY | O_CLOEXEC)).valid();
}

}  // namespace

const Controller* HostFacts::controller(std::string_view name) const {
  const auto found = controllers.find(name);
  return found == controllers.end() ? nullptr : &found->second;
}

HostFacts look_at_host() {
  HostFacts facts;
  facts.memory = {static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                  static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE))};
  facts.cores = std::max(1, static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN)));
  facts.is_root = ::geteuid() == 0;
  const std::uint64_t capabilities = effective_capabilities();
  const auto has = [&](int bit) { return (capabilities >> bit & 1) != 0; };
  facts.may_signal_others = has(CAP_KILL);
  facts.may_administer_network = has(CAP_NET_ADMIN);
  facts.may_raise_limits = has(CAP_SYS_RESOURCE);
  facts.may_schedule = has(CAP_SYS_NICE);
  facts.has_nf_tables = nf_tables_answers();
  facts.may_watch_files = fanotify_decides();
  find_controllers(facts);
  utsname name{};
  if (::uname(&name) == 0) facts.kernel = name.release;
  return facts;
}

bool has_capability(int number) {
  return (effective_capabilities() >> number & 1) != 0;
}

}  // namespace squall::sys
