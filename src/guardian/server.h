// The guardian's event loop: one thread, one poll(2), connections, leases, holders and the twin
// (server.cpp), and what it answers to requests (server_requests.cpp).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "change/executor.h"
#include "guardian/foresight.h"
#include "guardian/gates.h"
#include "guardian/guardian.h"
#include "guardian/headroom.h"
#include "guardian/protocol.h"
#include "guardian/twin.h"
#include "sys/fd.h"

namespace squall::guardian {

class Server {
 public:
  Server(const Options& options, Policy policy, change::Journal::Opened journal);
  // Undoes what the journal says is in force. First of all.
  void replay();
  Status listen();
  Status start_twin();
  int run();

 private:
  struct Connection {
    sys::Fd fd;
    FrameReader reader;
    std::int64_t peer_pid = 0;
    std::string run;     // empty until hello
    Duration lease;      // how long without a word
    Duration lease_end;  // on the boot-time clock
    bool accept_irreversible = false;
    std::optional<SshSession> ssh;
    std::vector<std::string> protected_paths;  // of the run's target maps
    std::set<std::int64_t> family;             // the runner and its ancestors
    json::array lost;                          // holders that died, not yet told
    std::string stopped;                       // why the run was reverted under it, not yet told
    bool closing = false;
  };
  Duration next_wake() const;
  void accept_connections();
  void read_from(Connection& connection);
  json::object answer(Connection& connection, const json::object& request);
  Result<json::object> hello(Connection& connection, const json::object& request);
  Result<json::object> judge(const Connection& connection, const json::object& request) const;
  Result<json::object> apply(Connection& connection, const json::object& request);
  Result<json::object> revert(Connection& connection, const json::object& request);
  json::object renew(Connection& connection);
  json::object revert_run(const std::string& run);
  json::object status() const;
  Status may_start() const;
  GateFacts gate_facts() const;
  Status check_headroom(const change::Demand& demand) const;
  Pending pending() const;
  // How an undo ended, as answers and the log say it.
  static json::object ending_of(const std::string& id, const Result<change::Reverted>& reverted);
  void end_run(Connection& connection, const std::string& why);
  void check_leases();
  void check_stop_file();
  void check_holders();
  void watch_headroom();
  void check_twin();
  // Before a step that may take long, and in each round of the loop.
  void say_working();
  void say_waiting();
  void retry_undo();
  void drop_closed();
  bool is_idle() const;
  void log(const std::string& text) const;

  const Options& options_;
  Policy policy_;
  change::Executor executor_;
  sys::Fd listener_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::optional<TwinProcess> twin_;
  Duration next_pulse_;
  int host_cores_ = 1;
  bool is_stopped_ = false;
  HostRooms rooms_;
  Duration last_busy_;
  Duration next_headroom_look_;
  Duration next_retry_;
  Duration retry_pause_;
};

}  // namespace squall::guardian
