#include "change/targets_test.h"

#include <array>
#include <filesystem>

#include <fcntl.h>
#include <fmt/core.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/check.h"
#include "sys/cgroup.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/host.h"

namespace squall::change {
namespace {

// In a child: nothing here may allocate for long or return.
void become(const Sleeper::Setting& setting) {
  if (setting.has_own_network) {
    CHECK(::unshare(CLONE_NEWNET) == 0, "a network namespace of its own");
    const sys::Fd control(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq interface {};
    interface.ifr_name[0] = 'l';
    interface.ifr_name[1] = 'o';
    interface.ifr_flags = IFF_UP;
    CHECK(::ioctl(control.get(), SIOCSIFFLAGS, &interface) == 0, "the loopback comes up");
  }
  if (setting.user != 0) {
    CHECK(::setresgid(setting.user, setting.user, setting.user) == 0, "another group");
    CHECK(::setresuid(setting.user, setting.user, setting.user) == 0, "another user");
  }
}

}  // namespace

Folder::Folder() {
  std::string pattern = std::filesystem::temp_directory_path() / "squall-scene-XXXXXX";
  CHECK(::mkdtemp(pattern.data()) != nullptr, "a temporary folder can be made");
  path_ = pattern;
}
Folder::~Folder() {
  std::filesystem::remove_all(path_);
}

Sleeper::Sleeper(Setting setting) {
  const pid_t parent = ::getpid();
  std::array<int, 2> ready{};
  CHECK(::pipe2(ready.data(), O_CLOEXEC) == 0, "a pipe");
  pid_ = ::fork();
  CHECK(pid_ >= 0, "fork works");
  if (pid_ == 0) {
    become(setting);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // after the change of user, which resets it
    if (::getppid() != parent) ::_exit(0);
    ::close(ready[0]);
    ::close(ready[1]);
    while (true) ::pause();
  }
  ::close(ready[1]);
  char nothing = 0;
  while (::read(ready[0], &nothing, 1) < 0 && errno == EINTR) {
  }
  ::close(ready[0]);
}
Sleeper::~Sleeper() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}
sys::ProcessId Sleeper::id() const {
  return sys::read_process(pid_).value().id;
}
json::object Sleeper::params() const {
  return {{"pid", id().pid}, {"start_ticks", static_cast<std::int64_t>(id().start_ticks)}};
}

Group::Group(std::string path) : path_(std::move(path)) {
  CHECK(::mkdir(path_.c_str(), 0755) == 0, "a control group can be made");
}
Group::~Group() {
  for (const std::int64_t pid : sys::cgroup_direct_members(path_)) {
    const Result<sys::Process> process = sys::read_process(pid);
    if (process.ok()) {
      static_cast<void>(sys::move_to_cgroup(process->id, sys::folder_of(path_)).ok());
    }
  }
  // A process that was killed a moment ago leaves its group a moment later.
  const Duration deadline = sys::monotonic_now() + seconds(2);
  while (::rmdir(path_.c_str()) != 0 && errno == EBUSY && sys::monotonic_now() < deadline) {
    sys::sleep_until(sys::monotonic_now() + milliseconds(1));
  }
}

bool cpu_controller_is_v1() {
  const sys::HostFacts host = sys::look_at_host();
  const sys::Controller* controller = host.controller("cpu");
  return controller != nullptr && !controller->is_v2;
}

std::string free_cpu_group() {
  static int count = 0;
  const sys::HostFacts host = sys::look_at_host();
  const sys::Controller* controller = host.controller("cpu");
  if (controller == nullptr) return "";
  return fmt::format("{}/test-of-squall-{}-{}", controller->mount, ::getpid(), ++count);
}

}  // namespace squall::change
