// A supervisor of our own for tests: runsv or s6-supervise, watching one service called "victim"
// that sleeps, in a folder that vanishes with the object.
#pragma once

#include <csignal>
#include <filesystem>
#include <memory>
#include <string>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/check.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/process.h"
#include "sys/supervised.h"

namespace squall::sys {

class PrivateSupervisor {
 public:
  // "/usr/bin/runsv" or "/usr/bin/s6-supervise"; nullptr when it is not installed. On return the
  // service runs.
  static std::unique_ptr<PrivateSupervisor> start(const std::string& program) {
    if (!exists(program)) return nullptr;
    std::unique_ptr<PrivateSupervisor> made(new PrivateSupervisor(program));
    const Duration deadline = monotonic_now() + seconds(20);
    while (!made->is_asleep() && monotonic_now() < deadline) {
      sleep_until(monotonic_now() + milliseconds(2));
    }
    return made->is_asleep() ? std::move(made) : nullptr;
  }
  ~PrivateSupervisor() {
    if (pid_ > 0) stop_supervising();
    std::filesystem::remove_all(folder_);
  }
  PrivateSupervisor(const PrivateSupervisor&) = delete;
  PrivateSupervisor& operator=(const PrivateSupervisor&) = delete;

  const std::string& folder() const { return folder_; }  // the one that holds the service's
  std::string service() const { return folder_ + "/victim"; }
  Supervised status() const {
    const Result<Supervised> read = read_supervised(kind_, service());
    return read.ok() ? *read : Supervised{};
  }
  // The shell that starts the service has become it.
  bool is_asleep() const {
    const Result<Process> process = read_process(status().pid);
    return process.ok() && process->name == "sleep";
  }
  // Kills the supervisor and what it watched. Asked politely it would take a second.
  void stop_supervising() {
    const std::int64_t served = status().pid;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    if (served > 0) ::kill(static_cast<pid_t>(served), SIGKILL);
    pid_ = -1;
  }

 private:
  explicit PrivateSupervisor(const std::string& program)
      : kind_(program.ends_with("runsv") ? Supervisor::runit : Supervisor::s6) {
    std::string pattern = std::filesystem::temp_directory_path() / "squall-supervised-XXXXXX";
    CHECK(::mkdtemp(pattern.data()) != nullptr, "a temporary folder can be made");
    folder_ = pattern;
    std::filesystem::create_directories(service());
    CHECK(write_file_durably(service() + "/run", "#!/bin/sh\nexec /bin/sleep 1000\n", 0755).ok(),
          "the folder is writable");
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    CHECK(pid_ >= 0, "fork works");
    if (pid_ != 0) return;
    // The service is not ours to end, so a test that dies may leave it: the supervisor is asked
    // politely.
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(1);
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    for (const int fd : {0, 1, 2}) ::dup2(nothing, fd);
    ::execl(program.c_str(), program.c_str(), service().c_str(), nullptr);
    ::_exit(1);
  }

  Supervisor kind_;
  std::string folder_;
  pid_t pid_ = -1;
};

}  // namespace squall::sys
