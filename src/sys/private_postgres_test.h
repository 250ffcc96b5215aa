// A PostgreSQL of our own for tests, on a free loopback port and a unix socket in its folder, which
// vanishes with the object. It runs as the user postgres, because it refuses to run as root.
// Everybody may log in as anybody, and nothing is synced to disk.
#pragma once

#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/check.h"
#include "core/text.h"
#include "sys/clock.h"
#include "sys/command.h"
#include "sys/fd.h"
#include "sys/file.h"

namespace squall::sys {

class PrivatePostgres {
 public:
  static constexpr int most_sessions = 16;
  static constexpr const char* why_not = "a PostgreSQL of one's own needs its package and root";

  // The one of this test program, made when it is first asked for; nullptr where there can be none.
  static PrivatePostgres* only() {
    static const std::unique_ptr<PrivatePostgres> server = start();
    return server.get();
  }
  // As root only: another user must be taken on. On return it answers.
  static std::unique_ptr<PrivatePostgres> start() {
    const bool can = ::geteuid() == 0 && !program("initdb").empty() && user() != nullptr;
    return can ? std::unique_ptr<PrivatePostgres>(new PrivatePostgres) : nullptr;
  }
  ~PrivatePostgres() {
    if (::getpid() != owner_) return;  // a forked child that left by exit(3)
    ::kill(pid_, SIGQUIT);             // at once, but without leaving shared memory behind
    ::waitpid(pid_, nullptr, 0);
    std::filesystem::remove_all(folder_);
  }
  PrivatePostgres(const PrivatePostgres&) = delete;
  PrivatePostgres& operator=(const PrivatePostgres&) = delete;

  int port() const { return port_; }
  pid_t pid() const { return pid_; }
  const std::string& folder() const { return folder_; }
  // A psql that runs these commands one after the other and prints bare values.
  std::vector<std::string> psql(const std::string& commands) const {
    return {program("psql"), "-X", "-h",  folder_, "-p",    std::to_string(port_), "-U",
            "postgres",      "-q", "-At", "-c",    commands};
  }
  // What it printed, or what went wrong.
  std::string ask(const std::string& commands) const {
    Patience patience(seconds(20));
    const Result<CommandResult> result = run_command({.argv = psql(commands)}, patience);
    if (!result.ok()) return result.error().render();
    return std::string(trim(result->output + result->error_output));
  }
  // Waits until nobody is connected any more: ended clients are seen for a moment longer.
  void settle() const {
    const Duration deadline = monotonic_now() + seconds(20);
    while (ask("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'") !=
               "1" &&
           monotonic_now() < deadline) {
    }
  }

 private:
  static std::string program(const std::string& name) {
    for (const char* version : {"17", "16", "15", "14", "13"}) {
      std::string path = fmt::format("/usr/lib/postgresql/{}/bin/{}", version, name);
      if (exists(path)) return path;
    }
    return {};
  }
  static const passwd* user() { return ::getpwnam("postgres"); }
  static int free_port() {
    const Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* where = reinterpret_cast<sockaddr*>(&address);
    CHECK(::bind(socket.get(), where, length) == 0, "a free port");
    CHECK(::getsockname(socket.get(), where, &length) == 0, "a port");
    return ntohs(address.sin_port);
  }

  PrivatePostgres() {
    std::string pattern = std::filesystem::temp_directory_path() / "squall-postgres-XXXXXX";
    CHECK(::mkdtemp(pattern.data()) != nullptr, "a temporary folder can be made");
    folder_ = pattern;
    CHECK(::chown(folder_.c_str(), user()->pw_uid, user()->pw_gid) == 0, "we are root");
    const std::string data = folder_ + "/data";
    const pid_t maker = run({program("initdb"), "-D", data, "-A", "trust", "-U", "postgres",
                             "--no-sync", "--no-instructions", "-E", "UTF8", "--locale=C"});
    int status = 0;
    CHECK(::waitpid(maker, &status, 0) == maker && status == 0, "initdb makes a cluster");
    std::vector<std::string> words{program("postgres"), "-D", data, "-k", folder_};
    for (const std::string& setting :
         {fmt::format("port={}", port_), fmt::format("max_connections={}", most_sessions),
          std::string("listen_addresses=127.0.0.1"), std::string("fsync=off"),
          std::string("autovacuum=off"), std::string("shared_buffers=8MB")}) {
      words.emplace_back("-c");
      words.push_back(setting);
    }
    pid_ = run(words);
    const Duration deadline = monotonic_now() + seconds(60);
    while (ask("SELECT 1") != "1" && monotonic_now() < deadline) {
      sleep_until(monotonic_now() + milliseconds(20));
    }
    CHECK(ask("SELECT 1") == "1", "PostgreSQL comes up");
  }

  pid_t run(std::vector<std::string> words) const {
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const passwd as = *user();
    const pid_t pid = ::fork();
    CHECK(pid >= 0, "fork works");
    if (pid != 0) return pid;
    if (::setgroups(0, nullptr) != 0 || ::setresgid(as.pw_gid, as.pw_gid, as.pw_gid) != 0 ||
        ::setresuid(as.pw_uid, as.pw_uid, as.pw_uid) != 0 || ::chdir(folder_.c_str()) != 0) {
      ::_exit(125);
    }
    ::prctl(PR_SET_PDEATHSIG, SIGQUIT);  // after the change of user, which clears it
    if (::getppid() != owner_) ::_exit(125);
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    for (const int fd : {0, 1, 2}) ::dup2(nothing, fd);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }

  pid_t owner_ = ::getpid();
  std::string folder_;
  int port_ = free_port();
  pid_t pid_ = 0;
};

}  // namespace squall::sys
