// A Redis for tests of changes: on a free loopback port, with no files but those in a folder that
// is removed with it, asked by redis-cli, so that nothing is shared with what squall says to it.
#pragma once

#include <string>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "core/check.h"
#include "core/node.h"
#include "core/text.h"
#include "sys/clock.h"
#include "sys/command.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/test_props.h"

namespace squall::change {

class RedisServer {
 public:
  static bool is_possible() { return sys::exists(program()); }

  RedisServer() { start(); }
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  void end() { server_.reset(); }
  // A new process at the same port.
  void start() {
    server_ = std::make_unique<sys::Child>(
        program(), std::vector<std::string>{"redis-server", "--port", std::to_string(port_),
                                            "--bind", "127.0.0.1", "--save", "", "--dir",
                                            folder_.path(), "--logfile", "log"});
    const Duration deadline = sys::monotonic_now() + seconds(10);
    while (ask({"PING"}) != "PONG") {
      CHECK(sys::monotonic_now() < deadline, "redis-server comes up");
      sys::sleep_until(sys::monotonic_now() + milliseconds(5));
    }
  }
  // What it answers; "silent" when there is no answer in time.
  std::string ask(const std::vector<std::string>& words) const {
    sys::Command command{.argv = {"redis-cli", "-p", std::to_string(port_), "--raw"}};
    command.argv.insert(command.argv.end(), words.begin(), words.end());
    sys::Patience patience(milliseconds(300));
    const Result<sys::CommandResult> result = sys::run_command(command, patience);
    CHECK(result.ok(), "redis-cli runs");
    const bool has_ended = result->end == sys::CommandResult::End::exited;
    return has_ended ? std::string(trim(result->output)) : "silent";
  }
  // Parameters of a change that is made there.
  json::object place(json::object more = {}) const {
    more["port"] = port_;
    return more;
  }

 private:
  static std::string program() { return "/usr/bin/redis-server"; }
  // One that nobody uses at this moment.
  static std::uint16_t free_port() {
    const sys::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* where = reinterpret_cast<sockaddr*>(&address);
    CHECK(::bind(socket.get(), where, length) == 0, "a free port");
    CHECK(::getsockname(socket.get(), where, &length) == 0, "a port");
    return ntohs(address.sin_port);
  }

  sys::ScratchFolder folder_;
  std::uint16_t port_ = free_port();
  std::unique_ptr<sys::Child> server_;
};

}  // namespace squall::change
