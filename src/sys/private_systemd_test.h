// A systemd of our own for tests: the manager of one user, in a folder and control groups of its
// own, with the units that a test wants. It talks on a socket without a bus, and is up in 0.1 s.
//
// Nothing of the host's systemd, if it has one, is seen or touched. Everything vanishes with the
// object; needs root, for the mounts.
#pragma once

#include <csignal>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <fcntl.h>
#include <fmt/core.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/check.h"
#include "sys/cgroup.h"
#include "sys/clock.h"
#include "sys/command.h"
#include "sys/file.h"
#include "sys/private_group_test.h"
#include "sys/process.h"

namespace squall::sys {

class PrivateSystemd {
 public:
  // Names and texts of units. Each that should run says WantedBy nothing: all are started.
  using Units = std::map<std::string, std::string>;

  // nullptr where none can be had: no root, no systemd, no cgroup v2.
  static std::unique_ptr<PrivateSystemd> start(const Units& units) {
    const bool is_possible = ::geteuid() == 0 && exists(program) && exists("/run/systemd");
    if (!is_possible || !PrivateGroup::v2_mount()) return nullptr;
    std::unique_ptr<PrivateSystemd> made(new PrivateSystemd);
    return made->launch(units) ? std::move(made) : nullptr;
  }
  ~PrivateSystemd() {
    for (const std::string& group : groups_) {
      static_cast<void>(write_control(group + "/cgroup.kill", "1").ok());
    }
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    for (const std::string& group : groups_) remove_private_group(group);
    std::filesystem::remove_all(folder_);
  }
  PrivateSystemd(const PrivateSystemd&) = delete;
  PrivateSystemd& operator=(const PrivateSystemd&) = delete;

  std::string socket() const { return folder_ + "/run/systemd/private"; }
  const std::string& folder() const { return folder_; }
  // The directory of a unit in the hierarchy of cgroup v2.
  std::string group_of(const std::string& unit) const { return groups_[0] + "/app.slice/" + unit; }
  // Its processes; they are looked up in the control group, not asked for.
  std::vector<std::int64_t> pids_of(const std::string& unit) const {
    return cgroup_direct_members(group_of(unit));
  }
  // What systemctl --user says to these words.
  std::string systemctl(std::vector<std::string> words) const {
    Command command{.argv = {"systemctl", "--user"}};
    command.argv.insert(command.argv.end(), words.begin(), words.end());
    command.environment["XDG_RUNTIME_DIR"] = folder_ + "/run";
    Patience patience(seconds(20));
    const Result<CommandResult> result = run_command(command, patience);
    return result.ok() ? result->output + result->error_output : result.error().render();
  }

 private:
  static constexpr const char* program = "/usr/lib/systemd/systemd";
  PrivateSystemd() = default;

  bool launch(const Units& units) {
    std::string pattern = std::filesystem::temp_directory_path() / "squall-systemd-XXXXXX";
    CHECK(::mkdtemp(pattern.data()) != nullptr, "a temporary folder can be made");
    folder_ = pattern;
    std::string wants;
    std::filesystem::create_directories(folder_ + "/units");
    std::filesystem::create_directories(folder_ + "/run/systemd/user");
    for (const auto& [name, text] : units) {
      CHECK(write_file_durably(folder_ + "/units/" + name, text, 0644).ok(), "a unit");
      wants += name + " ";
    }
    const std::string target =
        fmt::format("[Unit]\nDefaultDependencies=no\nWants={}ready.service\n", wants);
    const std::string ready = fmt::format(
        "[Unit]\nDefaultDependencies=no\nAfter={}\n[Service]\nType=oneshot\nRemainAfterExit=yes\n"
        "ExecStart=/bin/touch {}/ready\n",
        wants, folder_);
    CHECK(write_file_durably(folder_ + "/units/own.target", target, 0644).ok(), "a unit");
    CHECK(write_file_durably(folder_ + "/units/ready.service", ready, 0644).ok(), "a unit");
    const std::string name = "/test-of-squall-" + name_of(folder_);
    groups_ = {*PrivateGroup::v2_mount() + name};
    if (exists("/sys/fs/cgroup/systemd")) groups_.push_back("/sys/fs/cgroup/systemd" + name);
    for (const std::string& group : groups_) {
      CHECK(::mkdir(group.c_str(), 0755) == 0, "a control group can be made");
    }
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    CHECK(pid_ >= 0, "fork works");
    if (pid_ == 0) become_systemd(parent);
    const Duration deadline = monotonic_now() + seconds(20);
    while (!exists(folder_ + "/ready") && monotonic_now() < deadline) {
      if (::waitpid(pid_, nullptr, WNOHANG) != 0) return false;
      sleep_until(monotonic_now() + milliseconds(2));
    }
    return exists(folder_ + "/ready");
  }

  [[noreturn]] void become_systemd(pid_t parent) const {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    for (const std::string& group : groups_) {
      if (!write_control(group + "/cgroup.procs", "0").ok()) ::_exit(2);
    }
    const bool is_apart = ::unshare(CLONE_NEWNS) == 0 &&
                          ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                          ::mount("none", "/run/systemd", "tmpfs", 0, "size=32m") == 0 &&
                          ::mkdir("/run/systemd/system", 0755) == 0;
    if (!is_apart) ::_exit(3);
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    for (const int fd : {0, 1, 2}) ::dup2(nothing, fd);
    // A mask for the time being lies in the first of these folders, as it should.
    std::vector<std::string> variables = {
        "XDG_RUNTIME_DIR=" + folder_ + "/run", "HOME=" + folder_, "PATH=/usr/bin:/bin",
        fmt::format("SYSTEMD_UNIT_PATH={0}/run/systemd/user:{0}/units", folder_),
        "SYSTEMD_GENERATOR_PATH=/nonexistent"};
    std::vector<std::string> words = {program, "--user", "--unit=own.target", "--log-target=null"};
    const auto pointers = [](std::vector<std::string>& texts) {
      std::vector<char*> made;
      for (std::string& text : texts) made.push_back(text.data());
      made.push_back(nullptr);
      return made;
    };
    ::execve(program, pointers(words).data(), pointers(variables).data());
    ::_exit(4);
  }

  std::string folder_;
  std::vector<std::string> groups_;  // the one of cgroup v2 first
  pid_t pid_ = -1;
};

}  // namespace squall::sys
