// A loop is one thread with one epoll that carries connections from their first byte to their last.
// There is one for each core; each takes connections off the listeners of all proxies, and none
// ever waits for another.
//
// Whoever owns the proxies speaks to a loop by posting to it. A changed chain is met by each
// connection on its next event; a loop is told besides, so that it visits those connections which a
// toxic holds back or which a toxic acts upon alone. The others are not disturbed.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "core/result.h"
#include "proxy/lookups.h"
#include "proxy/session.h"

namespace squall::proxy {

// Where connections come from and where they go: a proxy while it is open.
struct RouteSpec {
  std::uint64_t id = 0;
  std::shared_ptr<Traffic> traffic;
  std::shared_ptr<const sys::Fd> listener;
  Addresses addresses;  // of the server; nullptr when its name is to be looked up
  std::string host;
  int port = 0;
};

struct Route {
  RouteSpec spec;
  std::shared_ptr<const Chain> chain;
  std::uint64_t generation = 0;
  Session* first = nullptr;
  bool is_paused = false;  // no descriptors are left: nothing is accepted for a while
};

class Loop {
 public:
  static Result<std::unique_ptr<Loop>> start(Lookups& lookups);
  // Every connection is closed.
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // All three come back at once; the loop does it soon.
  void open(RouteSpec spec);
  // Closes its connections as well. `done` is called on the loop.
  void close(std::uint64_t route, std::function<void()> done);
  void chain_changed(std::uint64_t route);

 private:
  // Which socket of a session or route an event means: the lowest bits of the address.
  enum Mark : std::uint64_t { of_client = 0, of_server = 1, of_listener = 2, of_alarm = 3 };
  static std::uint64_t mark_of(const void* object, Mark mark) {
    return reinterpret_cast<std::uintptr_t>(object) | mark;
  }

  explicit Loop(Lookups& lookups) : lookups_(lookups) {}
  void post(std::function<void()> task);
  void run(std::stop_token stop);
  void serve(std::uint64_t mark, std::uint32_t events);
  void do_tasks();
  void do_timers();
  void do_turns();
  void bury();

  bool listen(Route& route);
  void accept(Route& route);
  void pause(Route& route);
  void adopt(Route& route, sys::Fd client);
  void connect(Session& session);
  bool is_let_in(Session& session);
  bool outlives(Session& session);
  static void update_chain(Route& route);
  void answered(std::uint64_t lookup, Addresses addresses);
  void serve_session(Session& session, bool is_client, std::uint32_t events);
  void begin(Session& session);
  void settle(Session& session);
  void end(Session& session, bool with_reset);
  void refresh(Route& route);
  void follow(Session& session);
  bool watch(int fd, std::uint32_t events, std::uint64_t mark) const;

  Lookups& lookups_;
  sys::Fd epoll_;
  sys::Fd alarm_;
  Tools tools_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Route>> routes_;
  std::unordered_map<std::uint64_t, Session*> waiting_;  // for the answer of a lookup
  std::uint64_t last_lookup_ = 0;
  std::vector<Session*> turns_;
  std::vector<std::unique_ptr<Session>> dead_;  // until the events of this round are served
  Duration accept_again_ = never;

  std::mutex mutex_;
  std::vector<std::function<void()>> tasks_;
  std::jthread thread_;  // last: it uses the members above
};

}  // namespace squall::proxy
