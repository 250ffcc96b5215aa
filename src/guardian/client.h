// The runner's side of the guardian: a connection, and a session that keeps a lease alive.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "change/change.h"
#include "core/duration.h"
#include "guardian/foresight.h"
#include "guardian/protocol.h"
#include "sys/fd.h"

namespace squall::guardian {

struct Launch {
  std::string state_folder;
  std::string program;      // squall-guardian; empty = beside the running program, or in libexec
  std::string policy_file;  // empty = the guardian's default
  Duration idle_limit = seconds(3);
};

// Finds the guardian program: SQUALL_GUARDIAN, beside /proc/self/exe, ../libexec/squall/.
Result<std::string> find_guardian_program();

class Client {
 public:
  // Code::not_found when no guardian runs there.
  static Result<Client> connect(const std::string& state_folder);
  // Starts one when there is none, and waits until it has replayed the journal and serves.
  static Result<Client> connect_or_start(const Launch& launch);

  // One request, one answer. An error of Code::failed says that the connection is lost.
  Result<json::object> call(json::object request, Duration limit = seconds(30));

 private:
  // Connects and has it answer: a guardian that is just leaving still takes connections.
  static Result<Client> connect_alive(const std::string& state_folder);
  explicit Client(sys::Fd fd) : fd_(std::move(fd)) {}
  sys::Fd fd_;
  FrameReader reader_;
};

// One run's standing with the guardian. A thread renews the lease; what it learns (a holder that
// died, a halt, a guardian that is gone) goes to `on_trouble`, from that thread.
class Session {
 public:
  struct Trouble {
    enum class Kind { change_lost, stopped, disconnected } kind = Kind::stopped;
    std::string change;  // change_lost only
    std::string message;
  };
  struct Options {
    std::string run;
    Duration lease = seconds(2);
    bool accept_irreversible = false;
    std::string ssh_connection;                     // the value of SSH_CONNECTION
    std::vector<std::string> protected_paths = {};  // full paths that no change may touch
    std::function<void(const Trouble&)> on_trouble;
  };
  static Result<std::unique_ptr<Session>> open(Client client, Options options);
  ~Session();

  // What would be refused of these steps, found out without touching anything.
  Result<std::vector<Foreseen>> foresee(const std::vector<Step>& steps);

  struct Applied {
    std::string describe;
    std::string undo;
    std::string keeping;
    Duration commanded;  // CLOCK_MONOTONIC, before the request left
    Duration applied;    // CLOCK_MONOTONIC, when the kernel had said yes
  };
  Result<Applied> apply(const std::string& change, const change::Request& request);
  struct Reverted {
    std::string change;
    std::string ending;  // change::ending_name, or "failed"
    std::string detail;
  };
  Result<Reverted> revert(const std::string& change);
  // Reverts everything of the run that is still in force, newest first.
  Result<std::vector<Reverted>> finish();

 private:
  Session(Client client, Options options)
      : client_(std::move(client)), options_(std::move(options)) {}
  Result<json::object> call(json::object request);
  void keep_lease(std::stop_token stop);

  std::mutex mutex_;
  Client client_;
  Options options_;
  bool is_told_stopped_ = false;
  std::jthread keeper_;
};

}  // namespace squall::guardian
