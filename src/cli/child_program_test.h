// Runs the built program as a child, for tests of what it says and how it ends.
#pragma once

#include <array>
#include <csignal>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/check.h"
#include "core/duration.h"
#include "sys/clock.h"
#include "sys/fd.h"

namespace squall::cli {

inline constexpr Duration program_limit = seconds(60);

struct Said {
  int code = 0;
  std::string output;
  std::string errors;
};

inline bool eventually(const std::function<bool()>& condition, Duration limit = seconds(10)) {
  const Duration deadline = sys::monotonic_now() + limit;
  while (!condition()) {
    if (sys::monotonic_now() > deadline) return false;
    sys::sleep_until(sys::monotonic_now() + milliseconds(2));
  }
  return true;
}

struct ProgramOptions {
  std::map<std::string, std::string> environment;
  uid_t user = 0;              // 0: stays who it is
  std::string output_to = {};  // a file that takes what it answers; else it is collected
  std::string program = std::string(SQUALL_BINARY_DIR) + "/squall";
};

// One child. What it writes is collected until it ends.
class Program {
 public:
  explicit Program(std::vector<std::string> words, const ProgramOptions& options = {}) {
    std::array<int, 2> said{};
    std::array<int, 2> complained{};
    CHECK(::pipe2(said.data(), O_CLOEXEC) == 0, "a pipe");
    CHECK(::pipe2(complained.data(), O_CLOEXEC) == 0, "a pipe");
    words.insert(words.begin(), options.program);
    pid_ = ::fork();
    CHECK(pid_ >= 0, "a child process");
    if (pid_ == 0) become(words, options, said[1], complained[1]);
    output_.reset(said[0]);
    errors_.reset(complained[0]);
    for (const int end : {said[1], complained[1]}) ::close(end);
  }
  ~Program() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void signal(int number) const { ::kill(pid_, number); }

  // Reads until this text was said. False: it ended, or the time ran out, without it.
  bool says(const std::string& text, Duration limit = seconds(20)) {
    const Duration deadline = sys::monotonic_now() + limit;
    while (output.find(text) == std::string::npos) {
      if (!read_some(deadline)) return false;
    }
    return true;
  }

  // Reads to the end. The exit code, or minus the signal that killed it.
  int end() {
    const Duration deadline = sys::monotonic_now() + program_limit;
    while (read_some(deadline)) {
    }
    EXPECT_LT(sys::monotonic_now(), deadline) << "it does not end; it said:\n" << output << errors;
    if (sys::monotonic_now() >= deadline) ::kill(pid_, SIGKILL);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

  std::string output;
  std::string errors;

 private:
  [[noreturn]] static void become(const std::vector<std::string>& words,
                                  const ProgramOptions& options, int said, int complained) {
    ::dup2(::open("/dev/null", O_RDONLY), STDIN_FILENO);
    ::dup2(options.output_to.empty() ? said : ::open(options.output_to.c_str(), O_WRONLY),
           STDOUT_FILENO);
    ::dup2(complained, STDERR_FILENO);
    for (const auto& [name, value] : options.environment) {
      ::setenv(name.c_str(), value.c_str(), 1);
    }
    if (options.user != 0) {
      const gid_t group = options.user;
      const bool is_other = ::setgroups(0, nullptr) == 0 && ::setresgid(group, group, group) == 0 &&
                            ::setresuid(options.user, options.user, options.user) == 0;
      if (!is_other) ::_exit(126);
    }
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    ::execv(arguments[0], arguments.data());
    ::_exit(126);
  }

  // False once both ends are closed, or past the deadline.
  bool read_some(Duration deadline) {
    std::array<pollfd, 2> entries = {{{output_.get(), POLLIN, 0}, {errors_.get(), POLLIN, 0}}};
    if (!output_.valid() && !errors_.valid()) return false;
    const Duration left = deadline - sys::monotonic_now();
    if (::poll(entries.data(), entries.size(), left.poll_milliseconds()) <= 0) return false;
    if (entries[0].revents != 0) take(output_, output);
    if (entries[1].revents != 0) take(errors_, errors);
    return true;
  }
  static void take(sys::Fd& fd, std::string& text) {
    std::array<char, 65536> buffer;
    const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
    if (got <= 0) return fd.reset();
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }

  pid_t pid_ = 0;
  sys::Fd output_;
  sys::Fd errors_;
};

}  // namespace squall::cli
