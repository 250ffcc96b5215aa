// What the tests of this module act on: folders, processes and namespaces that are gone when their
// object is.
#pragma once

#include <csignal>
#include <filesystem>
#include <functional>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/check.h"
#include "sys/fd.h"
#include "sys/process.h"

namespace squall::sys {

// A new folder below the host's place for temporary files, removed with all it holds.
class ScratchFolder {
 public:
  ScratchFolder()
      : path_((std::filesystem::temp_directory_path() / "squall-test-XXXXXX").string()) {
    CHECK(::mkdtemp(path_.data()) != nullptr, "a temporary folder can be made");
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// A child process that does what it is told first and then waits; killed and reaped at the end.
class Child {
 public:
  // Runs `first` in the child and returns when that is done. The child must not return from it by
  // an exception, and lives no longer than the calling thread.
  explicit Child(const std::function<void()>& first = [] {}) {
    start([&first](const Fd& ready) {
      first();
      CHECK(::write(ready.get(), "r", 1) == 1, "the test reads");
      while (true) ::pause();
    });
  }
  // Replaces the child by a program and returns when that runs. argv[0] is what it is called, not
  // where it is found.
  Child(const std::string& program, const std::vector<std::string>& argv) {
    std::vector<char*> words;
    for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    // Success closes the pipe, because it is close-on-exec.
    start([&](const Fd&) { ::execv(program.c_str(), words.data()); });
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() { end(); }

  pid_t pid() const { return pid_; }
  ProcessId id() const { return read_process(pid_).value().id; }
  // Each returns when the child's new state is there.
  void stop() const { signal_and_wait(SIGSTOP, WUNTRACED); }
  void go_on() const { signal_and_wait(SIGCONT, WCONTINUED); }
  void kill() const { ::kill(pid_, SIGKILL); }
  // Kills and reaps it: the pid is free.
  void end() {
    if (pid_ == 0) return;
    kill();
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

 private:
  template <class Body>
  void start(const Body& body) {
    int ends[2];
    CHECK(::pipe2(ends, O_CLOEXEC) == 0, "a pipe");
    Fd reading(ends[0]);
    Fd writing(ends[1]);
    pid_ = ::fork();
    CHECK(pid_ >= 0, "a child process");
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      body(writing);
      ::_exit(127);
    }
    writing.reset();
    char byte = 0;
    CHECK(::read(reading.get(), &byte, 1) >= 0, "the child says that it is ready");
  }
  void signal_and_wait(int signal, int event) const {
    CHECK(::kill(pid_, signal) == 0, "the child lives");
    CHECK(::waitpid(pid_, nullptr, event) == pid_, "the child follows");
  }

  pid_t pid_ = 0;
};

// Runs `body` in a thread that has new namespaces of these kinds (CLONE_NEWNET, CLONE_NEWNS); they
// end with it. Mounts made in it do not spread.
inline void in_new_namespaces(int kinds, const std::function<void()>& body) {
  std::jthread([&] {
    CHECK(::unshare(kinds) == 0, "new namespaces");
    if ((kinds & CLONE_NEWNS) != 0) {
      CHECK(::mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "private mounts");
    }
    body();
  }).join();
}

}  // namespace squall::sys
