#include "change/deaths_test.h"

#include <array>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <ctime>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/check.h"

namespace squall::change {
namespace {

constexpr int unknown = -2;

// Those of openat(2) count only when they may make or cut a file.
constexpr std::array changing_calls{
    SYS_write,     SYS_pwrite64,    SYS_ftruncate,
    SYS_fallocate, SYS_fchmod,      SYS_fchown,
    SYS_fchownat,  SYS_fchmodat,    SYS_fsetxattr,
    SYS_fsync,     SYS_fdatasync,   SYS_renameat2,
    SYS_renameat,  SYS_unlinkat,    SYS_mkdirat,
    SYS_linkat,    SYS_symlinkat,   SYS_utimensat,
    SYS_prlimit64, SYS_setresgid,   SYS_pidfd_send_signal,
    SYS_setresuid, SYS_kill,        SYS_ptrace,
    SYS_clone,     SYS_wait4,       SYS_sendto,
    SYS_socket,    SYS_setpriority, SYS_sched_setaffinity,
#ifdef SYS_rename
    SYS_rename,    SYS_unlink,      SYS_mkdir,
    SYS_rmdir,     SYS_link,        SYS_chmod,
    SYS_chown,     SYS_fork,
#endif
};

// The low half of the third argument, on little-endian machines.
constexpr unsigned open_flags = offsetof(seccomp_data, args) + 2 * sizeof(std::uint64_t);

// Returns the descriptor through which the calls of this thread are announced, or -1.
int watch_calls() {
  std::vector<sock_filter> program{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
  };
  for (const long number : changing_calls) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(number), 0, 1));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF));
  }
  program.insert(program.end(), {
                                    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 3),
                                    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, open_flags),
                                    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_CREAT | O_TRUNC, 0, 1),
                                    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
                                    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
                                });
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
  return static_cast<int>(
      ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter));
}

[[noreturn]] void serve(int listener, std::uint64_t count) {
  for (std::uint64_t seen = 1;; ++seen) {
    seccomp_notif call{};
    while (::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0) call = {};
    if (seen == count) ::kill(::getpid(), SIGKILL);
    seccomp_notif_resp answer{.id = call.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
    ::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
  }
}

}  // namespace

void die_after(Duration delay) {
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGKILL;
  timer_t timer{};
  CHECK(::timer_create(CLOCK_MONOTONIC, &event, &timer) == 0, "a timer");
  itimerspec when{};
  when.it_value.tv_sec = delay.nanoseconds / 1'000'000'000;
  when.it_value.tv_nsec = delay.nanoseconds % 1'000'000'000;
  if (delay.nanoseconds <= 0) when.it_value.tv_nsec = 1;  // 0 would disarm it
  CHECK(::timer_settime(timer, 0, &when, nullptr) == 0, "the timer starts");
}

bool die_before_call(std::uint64_t count) {
  // The filter binds only the thread that asks for it, so the watcher is started before. The number
  // of the listener reaches it through memory: a write(2) would have to be served already.
  static std::atomic<int> listener;
  listener = unknown;
  static std::jthread watcher([count] {
    listener.wait(unknown);
    if (listener >= 0) serve(listener, count);
  });
  // A child of ours inherits the filter, but not the listener: else it would wait for ever for an
  // answer that only it could give.
  CHECK(::pthread_atfork(nullptr, nullptr, [] { ::close(listener); }) == 0, "a fork handler");
  listener = watch_calls();
  listener.notify_one();
  return listener >= 0;
}

}  // namespace squall::change
