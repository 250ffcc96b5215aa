// An event names its socket by the address of its session or route, whose lowest bits say which
// socket it is. A session that ends is freed after the round, so that an event of the same round
// which still names it finds it dead.
#include "proxy/loop.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "sys/clock.h"

namespace squall::proxy {
namespace {

enum Mark : std::uint64_t { of_client = 0, of_server = 1, of_listener = 2, of_alarm = 3 };
constexpr std::uint64_t mark_bits = 3;
constexpr int events_max = 256;
constexpr int accepts_max = 16;  // before others have their turn
constexpr Duration accept_pause = milliseconds(100);
constexpr std::uint32_t session_events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

std::uint64_t mark_of(const void* object, Mark mark) {
  return reinterpret_cast<std::uintptr_t>(object) | mark;
}

// The close that follows sends a RST and drops what is under way.
void prepare_reset(const sys::Fd& fd) {
  const linger at_once{1, 0};
  if (fd.valid()) ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

}  // namespace

Result<std::unique_ptr<Loop>> Loop::start(Lookups& lookups) {
  std::unique_ptr<Loop> loop(new Loop(lookups));
  loop->epoll_ = sys::Fd(::epoll_create1(EPOLL_CLOEXEC));
  loop->alarm_ = sys::Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!loop->epoll_.valid() || !loop->alarm_.valid() ||
      !loop->watch(loop->alarm_.get(), EPOLLIN, mark_of(nullptr, of_alarm))) {
    return errno_error(errno, "making the descriptors of a loop");
  }
  loop->thread_ = std::jthread([self = loop.get()](std::stop_token stop) { self->run(stop); });
  return loop;
}

Loop::~Loop() {
  thread_.request_stop();
  ::eventfd_write(alarm_.get(), 1);
  if (thread_.joinable()) thread_.join();
  for (const auto& [id, route] : routes_) {
    while (route->first != nullptr) end(*route->first, false);
  }
}

void Loop::post(std::function<void()> task) {
  bool was_empty = false;
  {
    const std::lock_guard lock(mutex_);
    was_empty = tasks_.empty();
    tasks_.push_back(std::move(task));
  }
  if (was_empty) ::eventfd_write(alarm_.get(), 1);
}

void Loop::open(RouteSpec spec) {
  post([this, spec = std::move(spec)] {
    auto route = std::make_unique<Route>();
    route->spec = spec;
    if (!listen(*route)) pause(*route);
    routes_[spec.id] = std::move(route);
  });
}

void Loop::close(std::uint64_t id, std::function<void()> done) {
  post([this, id, done = std::move(done)] {
    const auto found = routes_.find(id);
    if (found != routes_.end()) {
      Route& route = *found->second;
      ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, route.spec.listener->get(), nullptr);
      while (route.first != nullptr) end(*route.first, false);
      bury();
      routes_.erase(found);
    }
    done();
  });
}

void Loop::chain_changed(std::uint64_t id) {
  post([this, id] {
    const auto found = routes_.find(id);
    if (found != routes_.end()) refresh(*found->second);
  });
}

void Loop::run(std::stop_token stop) {
  sys::use_precise_timers();
  // splice(2) has no way to ask for no signal when the peer is gone.
  sigset_t broken_pipe;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
  std::array<epoll_event, events_max> events;
  while (!stop.stop_requested()) {
    const Duration now = sys::monotonic_now();
    Duration until = std::min(tools_.timers.next(), accept_again_);
    if (!turns_.empty()) until = now;
    timespec left{};
    if (until != never && until > now) {
      left.tv_sec = (until - now).nanoseconds / 1'000'000'000;
      left.tv_nsec = (until - now).nanoseconds % 1'000'000'000;
    }
    const int ready = ::epoll_pwait2(epoll_.get(), events.data(), events_max,
                                     until == never ? nullptr : &left, nullptr);
    bool has_tasks = false;
    for (int i = 0; i < ready; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if ((event.data.u64 & mark_bits) == of_alarm) {
        has_tasks = true;
      } else {
        serve(event.data.u64, event.events);
      }
    }
    // Tasks may free routes, so the events that name them come first.
    if (has_tasks) do_tasks();
    do_timers();
    do_turns();
    bury();
  }
}

void Loop::serve(std::uint64_t mark, std::uint32_t events) {
  const auto kind = static_cast<Mark>(mark & mark_bits);
  void* object = reinterpret_cast<void*>(static_cast<std::uintptr_t>(mark & ~mark_bits));
  if (kind == of_listener) return accept(*static_cast<Route*>(object));
  Session& session = *static_cast<Session*>(object);
  if (!session.is_dead) serve_session(session, kind == of_client, events);
}

void Loop::do_tasks() {
  eventfd_t count = 0;
  ::eventfd_read(alarm_.get(), &count);
  std::vector<std::function<void()>> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(tasks_);
  }
  for (std::function<void()>& task : tasks) {
    task();
    task = nullptr;  // what it holds, such as a listener, must not outlive the next one
  }
}

void Loop::do_timers() {
  if (tools_.timers.next() == never && accept_again_ == never) return;
  const Duration now = sys::monotonic_now();
  while (Timed* due = tools_.timers.take_due(now)) {
    Link& link = *static_cast<Link*>(due);
    link.wake(tools_);
    settle(link.session());
  }
  if (accept_again_ > now) return;
  accept_again_ = never;
  for (const auto& [id, route] : routes_) {
    if (route->is_paused && !listen(*route)) pause(*route);
  }
}

void Loop::do_turns() {
  std::vector<Session*> turns;
  turns.swap(turns_);
  for (Session* session : turns) {
    session->is_queued = false;
    if (session->is_dead) continue;
    if (session->up.wants_turn()) session->up.pump(tools_);
    if (session->down.wants_turn()) session->down.pump(tools_);
    settle(*session);
  }
}

void Loop::bury() {
  if (dead_.empty()) return;
  std::erase_if(turns_, [](const Session* session) { return session->is_dead; });
  dead_.clear();
}

bool Loop::watch(int fd, std::uint32_t events, std::uint64_t mark) const {
  epoll_event event{.events = events, .data = {.u64 = mark}};
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

bool Loop::listen(Route& route) {
  route.is_paused = false;
  return watch(route.spec.listener->get(), EPOLLIN | EPOLLEXCLUSIVE, mark_of(&route, of_listener));
}

// With no descriptors left, the listener would wake the loop for ever.
void Loop::pause(Route& route) {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, route.spec.listener->get(), nullptr);
  route.is_paused = true;
  accept_again_ = std::min(accept_again_, sys::monotonic_now() + accept_pause);
}

void Loop::accept(Route& route) {
  for (int i = 0; i < accepts_max; ++i) {
    sys::Fd client(
        ::accept4(route.spec.listener->get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (client.valid()) {
      adopt(route, std::move(client));
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      return pause(route);
    } else if (errno != ECONNABORTED && errno != EINTR && errno != EPROTO) {
      return;
    }
  }
}

void Loop::adopt(Route& route, sys::Fd client) {
  auto made = std::make_unique<Session>(route, route.spec.traffic->next_connection());
  Session& session = *made.release();  // owned by the list of its route, until end()
  session.client.fd = std::move(client);
  session.after = route.first;
  if (route.first != nullptr) route.first->before = &session;
  route.first = &session;
  if (!watch(session.client.fd.get(), session_events, mark_of(&session, of_client))) {
    return end(session, true);
  }
  session.addresses = route.spec.addresses;
  if (session.addresses) return connect(session);
  session.lookup = ++last_lookup_;
  waiting_[session.lookup] = &session;
  lookups_.ask(route.spec.host, route.spec.port, [this, lookup = session.lookup](Addresses found) {
    post([this, lookup, found = std::move(found)] { answered(lookup, found); });
  });
}

void Loop::answered(std::uint64_t lookup, Addresses addresses) {
  const auto found = waiting_.find(lookup);
  if (found == waiting_.end()) return;
  Session& session = *found->second;
  waiting_.erase(found);
  session.lookup = 0;
  session.addresses = std::move(addresses);
  session.addresses ? connect(session) : end(session, false);
}

// A client whose server cannot be reached was accepted, and is closed again.
void Loop::connect(Session& session) {
  while (session.next_address < session.addresses->size()) {
    const net::Address& address = (*session.addresses)[session.next_address++];
    const int family = address.storage.ss_family;
    sys::Fd fd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd.valid()) continue;
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const auto* where = reinterpret_cast<const sockaddr*>(&address.storage);
    if (::connect(fd.get(), where, address.length) != 0 && errno != EINPROGRESS) continue;
    if (!watch(fd.get(), session_events, mark_of(&session, of_server))) continue;
    session.server.fd = std::move(fd);
    return;
  }
  end(session, false);
}

void Loop::serve_session(Session& session, bool is_client, std::uint32_t events) {
  Side& side = is_client ? session.client : session.server;
  const bool is_ending = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  if (!session.is_connected && !is_client) {
    if ((events & (EPOLLHUP | EPOLLERR)) != 0) {
      side = Side();
      return connect(session);
    }
    if ((events & EPOLLOUT) == 0) return;
  }
  if (is_ending) side.is_hung_up = true;
  if (is_ending || (events & EPOLLIN) != 0) side.is_readable = true;
  if (!session.is_connected) {
    if (is_client) return;
    return begin(session);
  }
  if (session.generation != session.route->spec.traffic->generation()) follow(session);
  Link& from = is_client ? session.up : session.down;
  Link& to = is_client ? session.down : session.up;
  if (side.is_readable) from.pump(tools_);
  if (to.is_blocked() && (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) to.unblock(tools_);
  // A peer that is gone frees its connection, also while a toxic holds what it sent.
  if ((events & EPOLLERR) != 0 && from.is_deaf()) return end(session, true);
  settle(session);
}

void Loop::begin(Session& session) {
  session.is_connected = true;
  follow(session);
  session.up.pump(tools_);
  if (session.server.is_readable) session.down.pump(tools_);
  settle(session);
}

void Loop::settle(Session& session) {
  if (session.is_dead) return;
  const Link& up = session.up;
  const Link& down = session.down;
  if (up.is_broken() || down.is_broken()) return end(session, true);
  if (up.is_cut() || down.is_cut() || (up.is_finished() && down.is_finished())) {
    return end(session, false);
  }
  if (!session.is_queued && (up.wants_turn() || down.wants_turn())) {
    session.is_queued = true;
    turns_.push_back(&session);
  }
}

void Loop::end(Session& session, bool with_reset) {
  Route& route = *session.route;
  Traffic& traffic = *route.spec.traffic;
  for (Link* link : {&session.up, &session.down}) {
    const std::size_t stream = link == &session.up ? 0 : 1;
    traffic.received[stream].fetch_add(link->received(), std::memory_order_relaxed);
    traffic.sent[stream].fetch_add(link->sent(), std::memory_order_relaxed);
    link->close(tools_);
  }
  if (session.lookup != 0) waiting_.erase(session.lookup);
  for (Side* side : {&session.client, &session.server}) {
    if (with_reset) prepare_reset(side->fd);
    side->fd.reset();
  }
  (session.before == nullptr ? route.first : session.before->after) = session.after;
  if (session.after != nullptr) session.after->before = session.before;
  session.is_dead = true;
  dead_.emplace_back(&session);
}

// The links of a session go over to the chain as it is now.
void Loop::follow(Session& session) {
  Route& route = *session.route;
  const std::uint64_t generation = route.spec.traffic->generation();
  if (route.generation != generation || !route.chain) {
    route.chain = route.spec.traffic->chain();
    route.generation = generation;
  }
  session.generation = generation;
  const Connection connection{route.spec.traffic.get(), session.ordinal};
  session.up.follow(*route.chain, connection, tools_);
  session.down.follow(*route.chain, connection, tools_);
}

void Loop::refresh(Route& route) {
  const std::uint64_t generation = route.spec.traffic->generation();
  const bool visits_all = route.spec.traffic->chain()->acts_alone();
  Session* next = nullptr;
  for (Session* session = route.first; session != nullptr; session = next) {
    next = session->after;
    const bool is_held = session->up.is_held() || session->down.is_held();
    if (!session->is_connected || session->generation == generation) continue;
    if (!visits_all && !is_held) continue;
    follow(*session);
    settle(*session);
  }
}

}  // namespace squall::proxy
