#include "change/targets_power_test.h"

#include <array>
#include <csignal>
#include <filesystem>

#include <fcntl.h>
#include <fmt/core.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/check.h"
#include "core/text.h"
#include "sys/command.h"
#include "sys/file.h"

namespace squall::change {
namespace {

const std::string folder = "/sys/class/power_supply";

}  // namespace

bool can_have_power_victims() {
  return ::geteuid() == 0 && std::filesystem::is_directory(folder);
}

PowerVictim::PowerVictim() {
  const pid_t parent = ::getpid();
  std::array<int, 2> ready{};
  CHECK(::pipe2(ready.data(), O_CLOEXEC) == 0, "a pipe");
  pid_ = ::fork();
  CHECK(pid_ >= 0, "fork works");
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(0);
    CHECK(::unshare(CLONE_NEWNS) == 0, "a mount namespace of its own");
    CHECK(::mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) == 0, "that shares nothing");
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

PowerVictim::~PowerVictim() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

sys::ProcessId PowerVictim::id() const {
  return sys::read_process(pid_).value().id;
}

json::object PowerVictim::params() const {
  return {{"pid", id().pid}, {"start_ticks", static_cast<std::int64_t>(id().start_ticks)}};
}

std::string PowerVictim::read(const std::string& path) const {
  const Result<std::string> text =
      sys::read_file(fmt::format("/proc/{}/root{}/{}", pid_, folder, path));
  return text.ok() ? std::string(trim(*text)) : "missing";
}

std::string PowerVictim::look() const {
  std::string seen;
  std::error_code problem;
  const std::string root = fmt::format("/proc/{}/root{}", pid_, folder);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root, problem)) {
    seen += entry.path().string().substr(root.size()) + "\n";
  }
  const std::string table = sys::read_file(fmt::format("/proc/{}/mountinfo", pid_)).value();
  int mounts = 0;
  for (const std::string& line : split(table, '\n')) {
    mounts += line.find(" " + folder + " ") != std::string::npos ? 1 : 0;
  }
  return fmt::format("{}{} mounts", seen, mounts);
}

void PowerVictim::run(const std::vector<std::string>& argv) const {
  sys::Command command{.argv = {"nsenter", "--mount", "--target", std::to_string(pid_)}};
  command.argv.insert(command.argv.end(), argv.begin(), argv.end());
  sys::Patience patience(seconds(5));
  const Result<sys::CommandResult> done = sys::run_command(command, patience);
  CHECK(done.ok() && done->exit_code == 0, "the mounts of the victim change");
}

}  // namespace squall::change
