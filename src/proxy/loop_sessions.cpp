// What a loop does with one connection, from the accept to the end.
#include <cerrno>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "proxy/loop.h"
#include "sys/clock.h"

namespace squall::proxy {
namespace {

constexpr int accepts_max = 16;  // before others have their turn
constexpr std::uint32_t session_events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

// The close that follows sends a RST and drops what is under way.
void prepare_reset(const sys::Fd& fd) {
  const linger at_once{1, 0};
  if (fd.valid()) ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

}  // namespace

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
