// Real services for tests: a Redis and a NATS server of their own on a free loopback port, with no
// files but those in a folder that is removed with them. They die with the test.
#pragma once

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <fmt/core.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/redis.h"
#include "net/test_server.h"
#include "sys/clock.h"

namespace squall::net {

// A program that runs until this object is gone. Its output is thrown away.
class TestProgram {
 public:
  // With a user it runs as that; `ending` is the signal that ends it in an orderly way.
  TestProgram(std::vector<std::string> words, const std::string& folder,
              const passwd* user = nullptr, int ending = SIGKILL)
      : ending_(ending) {
    pid_ = ::fork();
    if (pid_ == 0) {
      if (user != nullptr && (::setgroups(0, nullptr) != 0 ||
                              ::setresgid(user->pw_gid, user->pw_gid, user->pw_gid) != 0 ||
                              ::setresuid(user->pw_uid, user->pw_uid, user->pw_uid) != 0)) {
        ::_exit(125);
      }
      ::prctl(PR_SET_PDEATHSIG, ending);
      const int nothing = ::open("/dev/null", O_RDWR);
      for (const int fd : {0, 1, 2}) ::dup2(nothing, fd);
      if (::chdir(folder.c_str()) != 0) ::_exit(126);
      std::vector<char*> arguments;
      for (std::string& word : words) arguments.push_back(word.data());
      arguments.push_back(nullptr);
      ::execvp(arguments[0], arguments.data());
      ::_exit(127);
    }
  }
  ~TestProgram() { end(); }
  TestProgram(const TestProgram&) = delete;
  TestProgram& operator=(const TestProgram&) = delete;
  int pid() const { return pid_; }
  void end() {
    if (pid_ <= 0) return;
    ::kill(pid_, ending_);
    wait();
  }
  // Until it ends by itself; its exit code.
  int wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  int ending_;
  pid_t pid_ = 0;
};

// True when the program is in PATH.
inline bool is_installed(const std::string& name) {
  for (const char* folder : {"/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/bin/"}) {
    if (::access((folder + name).c_str(), X_OK) == 0) return true;
  }
  return false;
}

class ServiceFolder {
 public:
  ServiceFolder() : path_(std::filesystem::temp_directory_path() / "squall-service-XXXXXX") {
    EXPECT_NE(::mkdtemp(path_.data()), nullptr);
  }
  ~ServiceFolder() { std::filesystem::remove_all(path_); }
  ServiceFolder(const ServiceFolder&) = delete;
  ServiceFolder& operator=(const ServiceFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// True when something takes connections at the port within ten seconds.
inline bool comes_up(int port) {
  sys::Patience patience(seconds(10));
  while (!patience.is_over()) {
    sys::Patience attempt(seconds(1));
    if (Connection::open({.host = "127.0.0.1", .port = port}, attempt).ok()) return true;
    sys::Patience(milliseconds(5)).wait({});
  }
  return false;
}

class TestRedis {
 public:
  explicit TestRedis(std::vector<std::string> more = {}) : port_(unused_port()) {
    std::vector<std::string> words{
        "redis-server", "--port",      std::to_string(port_), "--bind", "127.0.0.1", "--save", "",
        "--dir",        folder_.path()};
    words.insert(words.end(), more.begin(), more.end());
    program_.emplace(words, folder_.path());
    EXPECT_TRUE(comes_up(port_)) << "redis-server does not come up";
  }
  int port() const { return port_; }
  int pid() const { return program_->pid(); }
  void end() { program_->end(); }
  // The reply to a command over a connection of its own; a failed one is a failure to connect.
  RedisReply ask(const std::vector<std::string>& words) const {
    sys::Patience patience(seconds(10));
    Result<Redis> redis = Redis::open({.endpoint = {.host = "127.0.0.1", .port = port_}}, patience);
    if (!redis.ok()) return {.kind = RedisReply::Kind::failure, .text = redis.error().render()};
    Result<RedisReply> reply = redis->call(words, patience);
    if (!reply.ok()) return {.kind = RedisReply::Kind::failure, .text = reply.error().render()};
    return *reply;
  }

 private:
  ServiceFolder folder_;
  int port_;
  std::optional<TestProgram> program_;
};

class TestNats {
 public:
  explicit TestNats(std::vector<std::string> more = {}) : port_(unused_port()) {
    std::vector<std::string> words{"nats-server", "-a", "127.0.0.1", "-p", std::to_string(port_)};
    words.insert(words.end(), more.begin(), more.end());
    program_.emplace(words, folder_.path());
    EXPECT_TRUE(comes_up(port_)) << "nats-server does not come up";
  }
  int port() const { return port_; }

 private:
  ServiceFolder folder_;
  int port_;
  std::optional<TestProgram> program_;
};

}  // namespace squall::net
