#include "sys/listeners.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <climits>
#include <set>
#include <string>

#include <fmt/core.h>
#include <unistd.h>

#include "core/text.h"
#include "sys/file.h"

namespace squall::sys {
namespace {

template <class Number>
bool read_number(std::string_view text, Number& number, int base) {
  const auto [rest, problem] =
      std::from_chars(text.data(), text.data() + text.size(), number, base);
  return problem == std::errc() && rest == text.data() + text.size();
}

// The port of "0100007F:1F90", or of the longer IPv6 form.
bool read_port(std::string_view address, std::uint16_t& port) {
  const std::size_t colon = address.rfind(':');
  return colon != std::string_view::npos && read_number(address.substr(colon + 1), port, 16);
}

std::string read_link(const std::string& path) {
  std::array<char, PATH_MAX> buffer;
  const ssize_t size = ::readlink(path.c_str(), buffer.data(), buffer.size());
  return size < 0 ? "" : std::string(buffer.data(), static_cast<std::size_t>(size));
}

std::vector<std::int64_t> all_pids() {
  std::vector<std::int64_t> pids;
  const Result<std::vector<std::string>> names = list_folder("/proc");
  if (!names.ok()) return pids;
  for (const std::string& name : *names) {
    std::int64_t pid = 0;
    if (read_number(name, pid, 10)) pids.push_back(pid);
  }
  std::sort(pids.begin(), pids.end());
  return pids;
}

void add_inodes(const std::string& process, std::uint16_t port, std::set<std::uint64_t>& inodes) {
  for (const char* name : {"tcp", "tcp6", "udp", "udp6"}) {
    const Result<std::string> table = read_file(fmt::format("/proc/{}/net/{}", process, name));
    if (!table.ok()) continue;  // it ended, or the kernel has no IPv6
    const std::vector<std::uint64_t> more = listening_inodes(*table, port);
    inodes.insert(more.begin(), more.end());
  }
}

bool holds_any(std::int64_t pid, const std::set<std::uint64_t>& inodes) {
  const std::string folder = fmt::format("/proc/{}/fd", pid);
  const Result<std::vector<std::string>> names = list_folder(folder);
  if (!names.ok()) return false;
  return std::any_of(names->begin(), names->end(), [&](const std::string& name) {
    constexpr std::string_view start = "socket:[";
    const std::string link = read_link(folder + "/" + name);
    std::uint64_t inode = 0;
    return link.starts_with(start) && link.ends_with(']') &&
           read_number(std::string_view(link).substr(start.size(), link.size() - start.size() - 1),
                       inode, 10) &&
           inodes.contains(inode);
  });
}

}  // namespace

// "  0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0  0 12345 1 ...":
// place, local address, remote address, state, ..., and the inode in the tenth column (proc(5)).
std::vector<std::uint64_t> listening_inodes(std::string_view table, std::uint16_t port) {
  constexpr std::string_view listening = "0A";    // TCP_LISTEN
  constexpr std::string_view unconnected = "07";  // TCP_CLOSE, the state of an idle UDP socket
  std::vector<std::uint64_t> inodes;
  for (const std::string& line : split(table, '\n')) {
    std::vector<std::string> words = split(line, ' ');
    std::erase(words, "");
    std::uint16_t local = 0;
    std::uint16_t remote = 0;
    std::uint64_t inode = 0;
    if (words.size() < 10 || !read_port(words[1], local) || !read_port(words[2], remote)) continue;
    if (local != port || remote != 0 || (words[3] != listening && words[3] != unconnected))
      continue;
    if (read_number(words[9], inode, 10) && inode != 0) inodes.push_back(inode);
  }
  return inodes;
}

Result<std::vector<std::int64_t>> listeners_of_port(std::uint16_t port) {
  const std::vector<std::int64_t> pids = all_pids();
  std::set<std::uint64_t> inodes;
  add_inodes("self", port, inodes);
  std::set<std::string> namespaces{read_link("/proc/self/ns/net"), ""};
  for (const std::int64_t pid : pids) {
    const bool is_new = namespaces.insert(read_link(fmt::format("/proc/{}/ns/net", pid))).second;
    if (is_new) add_inodes(std::to_string(pid), port, inodes);
  }
  std::vector<std::int64_t> holders;
  if (inodes.empty()) return holders;
  for (const std::int64_t pid : pids) {
    if (holds_any(pid, inodes)) holders.push_back(pid);
  }
  if (holders.empty() && ::geteuid() != 0) {
    return error(Code::refused,
                 fmt::format("somebody listens on port {}, but this user may not see who", port),
                 "run squall with sudo");
  }
  if (holders.size() > 1) std::erase(holders, 1);
  return holders;
}

}  // namespace squall::sys
