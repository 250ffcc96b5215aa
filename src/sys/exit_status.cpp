#include "sys/exit_status.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include <fmt/core.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/text.h"
#include "sys/file.h"

namespace squall::sys {
namespace {

// struct pidfd_info of <linux/pidfd.h> in its first published size; Debian 12 has no such header.
struct DescriptorInfo {
  std::uint64_t mask;
  std::uint64_t cgroup;
  std::array<std::uint32_t, 11> ids;
  std::int32_t exit_code;
};
static_assert(sizeof(DescriptorInfo) == 64);
constexpr std::uint64_t info_exit = 1ULL << 3U;  // PIDFD_INFO_EXIT
constexpr unsigned long get_info = _IOWR(0xFF, 11, DescriptorInfo);
constexpr std::uint32_t exit_event = 0x80000000;  // its name moved between versions of the header
constexpr std::uintmax_t first_pid_namespace = 0xEFFFFFFC;  // PROC_PID_INIT_INO, fixed by the ABI

bool kernel_keeps_exit_status() {
  utsname name{};
  int major = 0;
  int minor = 0;
  if (::uname(&name) != 0) return false;
  const char* end = name.release + std::strlen(name.release);
  const char* dot = std::from_chars(name.release, end, major).ptr;
  if (dot < end) std::from_chars(dot + 1, end, minor);
  return major > 6 || (major == 6 && minor >= 15);
}

bool is_in_first_pid_namespace() {
  struct stat status {};
  return ::stat("/proc/self/ns/pid", &status) == 0 && status.st_ino == first_pid_namespace;
}

// One netlink message with one connector message that asks for all announcements.
Status subscribe(const Fd& socket) {
  constexpr std::size_t payload = sizeof(cn_msg) + sizeof(proc_cn_mcast_op);
  alignas(nlmsghdr) std::array<char, NLMSG_SPACE(payload)> buffer{};
  const nlmsghdr header{.nlmsg_len = NLMSG_LENGTH(payload),
                        .nlmsg_type = NLMSG_DONE,
                        .nlmsg_flags = 0,
                        .nlmsg_seq = 0,
                        .nlmsg_pid = 0};
  cn_msg message{};
  message.id = {CN_IDX_PROC, CN_VAL_PROC};
  message.len = sizeof(proc_cn_mcast_op);
  const proc_cn_mcast_op wish = PROC_CN_MCAST_LISTEN;
  std::memcpy(buffer.data(), &header, sizeof header);
  std::memcpy(buffer.data() + NLMSG_HDRLEN, &message, sizeof message);
  std::memcpy(buffer.data() + NLMSG_HDRLEN + sizeof message, &wish, sizeof wish);
  if (::send(socket.get(), buffer.data(), header.nlmsg_len, 0) >= 0) return ok();
  return errno_error(errno, "asking for the announcements of exits");
}

}  // namespace

ExitStatus parse_exit_status(int wait_status) {
  const int signal = wait_status & 0x7F;
  if (signal == 0) return {.number = wait_status >> 8 & 0xFF};
  return {.by_signal = true, .number = signal, .dumped_core = (wait_status & 0x80) != 0};
}

std::string describe(const ExitStatus& status) {
  if (!status.by_signal) return fmt::format("with exit code {}", status.number);
  return fmt::format("by {}{}", signal_name(status.number),
                     status.dumped_core ? ", with a core dump" : "");
}

Result<ExitStatus> exit_status_by_descriptor(const Fd& pidfd) {
  DescriptorInfo info{};
  info.mask = info_exit;
  if (::ioctl(pidfd.get(), get_info, &info) != 0) {
    if (errno == ESRCH) return error(Code::not_found, "its parent has not waited for it yet");
    return error(Code::unsupported, "process descriptors of this kernel tell no exit status");
  }
  if ((info.mask & info_exit) != 0) return parse_exit_status(info.exit_code);
  if (!kernel_keeps_exit_status()) {
    return error(Code::unsupported, "process descriptors tell the exit status from Linux 6.15 on");
  }
  return error(Code::not_found, "its parent has not waited for it yet");
}

// proc(5): field 3 is the state, 22 the start time, 52 the exit status, 0 for those who may not
// see it; the name in brackets may itself hold brackets and blanks.
Result<ExitStatus> exit_status_of_zombie(ProcessId id) {
  const Error gone = error(Code::not_found, "its body is gone already");
  const Result<std::string> text = read_file(fmt::format("/proc/{}/stat", id.pid), 65536);
  if (!text.ok()) return gone;
  const std::size_t close = text->rfind(')');
  if (close == std::string::npos) return gone;
  const std::vector<std::string> fields =
      split(trim(std::string_view(*text).substr(close + 1)), ' ');
  if (fields.size() < 50 || fields[0] != "Z" || fields[19] != std::to_string(id.start_ticks)) {
    return gone;
  }
  // Whoever may trace a process may read where its memory lay, also when it has ended.
  const std::string link = fmt::format("/proc/{}/exe", id.pid);
  std::array<char, 1> unused;
  if (::readlink(link.c_str(), unused.data(), unused.size()) < 0 && errno == EACCES) {
    return error(Code::refused, "this user may not see how it ended");
  }
  int status = 0;
  const std::string& word = fields[49];
  const auto [rest, problem] = std::from_chars(word.data(), word.data() + word.size(), status);
  if (problem != std::errc() || rest != word.data() + word.size()) return gone;
  return parse_exit_status(status);
}

Result<ExitListener> ExitListener::open() {
  if (!is_in_first_pid_namespace()) {
    return error(Code::unsupported,
                 "exits are announced in the first pid namespace of the host only");
  }
  Fd socket(::socket(PF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_CONNECTOR));
  if (!socket.valid()) {
    return error(Code::unsupported, "this kernel, or this network namespace, has no connector");
  }
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = CN_IDX_PROC;
  if (::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return error(Code::unsupported, "exits are announced to CAP_NET_ADMIN only",
                 "run squall with sudo");
  }
  const int room = 4 << 20;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
  TRY_VOID(subscribe(socket));
  return ExitListener(std::move(socket));
}

void ExitListener::drain() {
  alignas(nlmsghdr) std::array<char, 8192> buffer;
  while (true) {
    const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && errno == ENOBUFS) has_lost_some_ = true;
    if (got < 0 && (errno == EINTR || errno == ENOBUFS)) continue;
    if (got <= 0) return;
    auto left = static_cast<std::size_t>(got);
    for (auto* header = reinterpret_cast<nlmsghdr*>(buffer.data()); NLMSG_OK(header, left);
         header = NLMSG_NEXT(header, left)) {
      proc_event event{};
      constexpr std::size_t needed =
          sizeof(cn_msg) + offsetof(proc_event, event_data) + sizeof(event.event_data.exit);
      if (header->nlmsg_len < NLMSG_LENGTH(needed)) continue;
      const char* body = static_cast<const char*>(NLMSG_DATA(header)) + sizeof(cn_msg);
      std::memcpy(&event, body, needed - sizeof(cn_msg));
      if (static_cast<std::uint32_t>(event.what) != exit_event) continue;
      // Each thread is announced alone; the last of them bears the status of the whole.
      announced_[event.event_data.exit.process_tgid] =
          static_cast<int>(event.event_data.exit.exit_code);
    }
  }
}

Result<ExitStatus> ExitListener::status_of(std::int64_t pid) {
  drain();
  const auto found = announced_.find(pid);
  if (found != announced_.end()) return parse_exit_status(found->second);
  if (has_lost_some_) return error(Code::failed, "announcements of exits were lost");
  return error(Code::not_found, "its exit was not announced");
}

ExitObserver ExitObserver::open(ProcessId id) {
  ExitObserver observer;
  observer.id_ = id;
  if (!kernel_keeps_exit_status()) observer.listener_ = ExitListener::open();
  return observer;
}

Result<ExitStatus> ExitObserver::status(const Fd& pidfd) {
  std::string reasons;
  const auto keep = [&](const Result<ExitStatus>& answer) {
    if (!answer.ok()) reasons += (reasons.empty() ? "" : "; ") + answer.error().message;
    return answer.ok();
  };
  // The body first: as soon as it is gone the descriptor knows, so that nothing lies between them.
  const Result<ExitStatus> body = exit_status_of_zombie(id_);
  if (keep(body)) return body;
  const Result<ExitStatus> descriptor = exit_status_by_descriptor(pidfd);
  if (keep(descriptor)) return descriptor;
  if (!listener_.ok()) {
    if (!kernel_keeps_exit_status()) reasons += "; " + listener_.error().message;
    return error(Code::unsupported, reasons);
  }
  const Result<ExitStatus> announced = listener_->status_of(id_.pid);
  if (keep(announced)) return announced;
  return error(Code::unsupported, reasons);
}

}  // namespace squall::sys
