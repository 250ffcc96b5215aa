// A supervisord of our own for tests, with one program called "victim" that sleeps and is started
// again whenever it ends. Its socket and all else are in a folder that vanishes with the object.
#pragma once

#include <csignal>
#include <filesystem>
#include <memory>
#include <string>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/check.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/process.h"

namespace squall::sys {

class PrivateSupervisord {
 public:
  // nullptr when it is not installed. On return the program runs.
  static std::unique_ptr<PrivateSupervisord> start() {
    if (!exists(program)) return nullptr;
    std::unique_ptr<PrivateSupervisord> made(new PrivateSupervisord);
    const Duration deadline = monotonic_now() + seconds(30);
    while (!(exists(made->socket()) && made->child_pid() != 0) && monotonic_now() < deadline) {
      sleep_until(monotonic_now() + milliseconds(5));
    }
    return made->child_pid() == 0 ? nullptr : std::move(made);
  }
  ~PrivateSupervisord() {
    const std::int64_t served = child_pid();
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    if (served > 0) ::kill(static_cast<pid_t>(served), SIGKILL);
    std::filesystem::remove_all(folder_);
  }
  PrivateSupervisord(const PrivateSupervisord&) = delete;
  PrivateSupervisord& operator=(const PrivateSupervisord&) = delete;

  std::string socket() const { return folder_ + "/sock"; }
  // The process of the program, the only child that there is; 0 when none runs. It is not known by
  // its command line: for supervisor it runs from the fork on, a moment before it executes.
  std::int64_t child_pid() const {
    for (const Process& process : list_processes()) {
      if (process.parent == pid_ && is_alive(process.id)) return process.id.pid;
    }
    return 0;
  }

 private:
  static constexpr const char* program = "/usr/bin/supervisord";

  PrivateSupervisord() {
    std::string pattern = std::filesystem::temp_directory_path() / "squall-supervisord-XXXXXX";
    CHECK(::mkdtemp(pattern.data()) != nullptr, "a temporary folder can be made");
    folder_ = pattern;
    const std::string settings = fmt::format(
        "[unix_http_server]\nfile={0}/sock\n[supervisord]\nnodaemon=true\nlogfile=/dev/null\n"
        "logfile_maxbytes=0\npidfile={0}/pid\nchildlogdir={0}\n[rpcinterface:supervisor]\n"
        "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n"
        "[program:victim]\ncommand=/bin/sleep 1000\nstartsecs=0\nautorestart=true\n"
        "stdout_logfile=NONE\nstderr_logfile=NONE\n",
        folder_);
    const std::string file = folder_ + "/settings";
    CHECK(write_file_durably(file, settings).ok(), "the folder is writable");
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    CHECK(pid_ >= 0, "fork works");
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(1);
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    for (const int fd : {0, 1, 2}) ::dup2(nothing, fd);
    ::execl(program, program, "-c", file.c_str(), nullptr);
    ::_exit(1);
  }

  std::string folder_;
  pid_t pid_ = -1;
};

}  // namespace squall::sys
