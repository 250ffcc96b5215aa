#include "sys/mounts.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <csignal>

#include <fcntl.h>
#include <fmt/core.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/node.h"
#include "core/text.h"
#include "sys/file.h"
#include "sys/patience.h"

namespace squall::sys {
namespace {

constexpr Duration child_limit = seconds(2);

std::int64_t number(std::string_view text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// The kernel writes blanks and the like as "\040".
std::string unescape(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    int code = 0;
    const bool is_escaped =
        text[i] == '\\' && i + 3 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 4, code, 8).ptr ==
            text.data() + i + 4;
    plain += is_escaped ? static_cast<char>(code) : text[i];
    if (is_escaped) i += 3;
  }
  return plain;
}

// "36 35 98:0 /root /point options shared:7 master:1 - type source options"
bool parse_line(const std::vector<std::string>& words, Mount& mount) {
  constexpr std::size_t first_optional = 6;
  std::size_t dash = first_optional;
  while (dash < words.size() && words[dash] != "-") ++dash;
  if (dash + 2 >= words.size()) return false;
  mount.id = number(words[0]);
  mount.parent = number(words[1]);
  mount.point = unescape(words[4]);
  mount.type = words[dash + 1];
  mount.source = unescape(words[dash + 2]);
  for (std::size_t i = first_optional; i < dash; ++i) {
    constexpr std::string_view shared = "shared:";
    if (words[i].starts_with(shared)) {
      mount.peer_group = number(std::string_view(words[i]).substr(shared.size()));
    }
  }
  return true;
}

bool lies_in(std::string_view path, std::string_view folder) {
  if (folder == "/") return true;
  return path == folder || (path.starts_with(folder) && path[folder.size()] == '/');
}

Error gone(std::int64_t pid) {
  return error(Code::not_found, fmt::format("process {} is gone", pid));
}

}  // namespace

std::vector<Mount> parse_mounts(std::string_view mountinfo) {
  std::vector<Mount> mounts;
  for (const std::string& line : split(mountinfo, '\n')) {
    Mount mount;
    if (parse_line(split(line, ' '), mount)) mounts.push_back(std::move(mount));
  }
  return mounts;
}

Result<std::vector<Mount>> read_mounts(std::int64_t pid) {
  const Result<std::string> text = read_file(fmt::format("/proc/{}/mountinfo", pid));
  if (!text.ok() && !read_process(pid).ok()) return gone(pid);
  return parse_mounts(TRY(text));
}

const Mount* mount_of(const std::vector<Mount>& mounts, std::string_view path) {
  const Mount* innermost = nullptr;
  for (const Mount& mount : mounts) {
    const bool is_inner = innermost == nullptr || mount.point.size() >= innermost->point.size();
    if (lies_in(path, mount.point) && is_inner) innermost = &mount;
  }
  return innermost;
}

Result<bool> detach_mount(const Mount& mount) {
  const Fd root = TRY(open_file(mount.point, O_PATH | O_NOFOLLOW));
  const std::string facts = TRY(read_file(fmt::format("/proc/self/fdinfo/{}", root.get())));
  bool is_on_top = false;
  for (const std::string& line : split(facts, '\n')) {
    constexpr std::string_view label = "mnt_id:\t";
    if (line.starts_with(label)) is_on_top = number(line.substr(label.size())) == mount.id;
  }
  if (!is_on_top) return false;
  // Through the descriptor, so that what is mounted there meanwhile is not meant.
  const std::string path = fmt::format("/proc/self/fd/{}", root.get());
  if (::umount2(path.c_str(), MNT_DETACH) == 0) return true;
  return errno_error(errno, "unmounting " + printable(mount.point));
}

Result<std::string> mount_namespace_of(std::int64_t pid) {
  std::array<char, 64> text{};
  const std::string path = fmt::format("/proc/{}/ns/mnt", pid);
  const ssize_t length = ::readlink(path.c_str(), text.data(), text.size());
  if (length <= 0) {
    const int problem = errno;
    if (problem == ENOENT || problem == ESRCH) return gone(pid);
    return errno_error(problem, "reading " + path);
  }
  return std::string(text.data(), static_cast<std::size_t>(length));
}

Result<ProcessId> member_of_mount_namespace(const std::string& name) {
  for (const Process& process : list_processes()) {
    const Result<std::string> its = mount_namespace_of(process.id.pid);
    if (its.ok() && *its == name && is_alive(process.id)) return process.id;
  }
  return error(Code::not_found, fmt::format("nobody is left in the mount namespace {}", name));
}

Status enter_mounts_of(const ProcessId& id) {
  const std::string folder = fmt::format("/proc/{}", id.pid);
  const Result<Fd> place = open_file(folder + "/ns/mnt", O_RDONLY);
  const Result<Fd> root = open_file(folder + "/root", O_RDONLY | O_DIRECTORY);
  // What was opened is certain to be of this process if it is alive now.
  if (!is_alive(id)) return gone(id.pid);
  if (!place.ok()) return Error(place.error());
  if (!root.ok()) return Error(root.error());
  if (::setns(place->get(), CLONE_NEWNS) != 0) {
    return errno_error(errno, fmt::format("entering the mount namespace of process {}", id.pid))
        .advise("run squall as root");
  }
  if (::fchdir(root->get()) != 0 || ::chroot(".") != 0) {
    return errno_error(errno, fmt::format("entering the root folder of process {}", id.pid));
  }
  return ok();
}

Status within_mounts_of(const ProcessId& id, const std::function<Status()>& work) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return errno_error(errno, "making a pipe");
  const Fd read_end(ends[0]);
  Fd write_end(ends[1]);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) return errno_error(errno, "starting a process in another mount namespace");
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    Status done = enter_mounts_of(id);
    if (done.ok()) done = work();
    json::object answer{{"code", done.ok() ? "" : code_name(done.error().code)},
                        {"message", done.ok() ? "" : done.error().render()}};
    static_cast<void>(write_all(write_end, compact_json(answer)).ok());
    ::_exit(0);
  }
  write_end.reset();
  Patience patience(child_limit);
  std::array<char, PIPE_BUF> text{};
  patience.wait_for(read_end.get(), POLLIN);
  ::fcntl(read_end.get(), F_SETFL, O_NONBLOCK);
  const ssize_t length = ::read(read_end.get(), text.data(), text.size());
  ::kill(child, SIGKILL);  // it has answered, or hangs
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  const Result<json::value> answer =
      parse_json({text.data(), length > 0 ? static_cast<std::size_t>(length) : 0});
  if (!answer.ok() || !answer->is_object()) {
    return error(Code::timed_out,
                 fmt::format("working among the mounts of process {} did not end", id.pid));
  }
  const std::string code = text_at(answer->get_object(), "code");
  if (code.empty()) return ok();
  return error(code_from_name(code), text_at(answer->get_object(), "message"));
}

}  // namespace squall::sys
