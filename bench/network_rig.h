// What the bench of the proxy stands on: a network namespace of its own with plain Reno, so that no
// pacing hides the differences, programs pinned to a core, and an echo with its clients.
#pragma once

#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/duration.h"
#include "core/result.h"
#include "measure.h"
#include "sys/fd.h"

namespace squall::bench {

// Takes the calling thread into a new network namespace whose loopback is up, and onto core 0.
Status enter_own_network();

// A program that runs until this goes out of scope, on one core.
class Pinned {
 public:
  Pinned(std::vector<std::string> words, int core);
  ~Pinned();
  Pinned(const Pinned&) = delete;
  Pinned& operator=(const Pinned&) = delete;
  int pid() const { return pid_; }
  Duration cpu_time() const;
  double resident_kib() const;

 private:
  int pid_ = 0;
};

// Waits until somebody listens at this port of loopback. False after ten seconds.
bool wait_for_port(int port);
sys::Fd connect_to_port(int port);

// Answers every connection with what it sends, on a thread of its own.
class EchoServer {
 public:
  explicit EchoServer(int port);
  ~EchoServer();

 private:
  sys::Fd listener_;
  std::jthread thread_;
};

// Round trips of 64 bytes in milliseconds: `connections` with one request under way on each, until
// `count` have been answered. Each waits `pause` before its next.
struct EchoLoad {
  int port = 0;
  int connections = 1;
  int count = 0;
  Duration pause;
};
Samples echo(const EchoLoad& load);

// Sends to every connection as fast as it takes it, on a thread of its own.
class BulkServer {
 public:
  explicit BulkServer(int port);
  ~BulkServer();

 private:
  sys::Fd listener_;
  std::jthread thread_;
};

// Reads from one connection for two seconds on this thread: bytes.
double read_bulk(int port);

// One connection that stays open to an HTTP interface: sends a call, waits for its answer.
class Caller {
 public:
  explicit Caller(int port) : fd_(connect_to_port(port)) {}
  // The status.
  int call(const std::string& method, const std::string& path, const std::string& body);

 private:
  sys::Fd fd_;
};

// wrk(1) for two seconds on core 0: answers a second; nothing when it is not there.
std::optional<double> wrk(int port, bool closes);

}  // namespace squall::bench
