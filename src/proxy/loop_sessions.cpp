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

// To a peer that we neither read nor write, TCP itself has to ask whether it is still there.
void notice_death(const sys::Fd& fd) {
  const int on = 1;
  const int interval_s = 10;
  const int tries = 3;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_KEEPIDLE, &interval_s, sizeof interval_s);
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof interval_s);
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_KEEPCNT, &tries, sizeof tries);
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
  if (!is_let_in(session)) return;
  session.addresses = route.spec.addresses;
  if (session.addresses) return connect(session);
  session.lookup = ++last_lookup_;
  waiting_[session.lookup] = &session;
  lookups_.ask(route.spec.host, route.spec.port, [this, lookup = session.lookup](Addresses found) {
    post([this, lookup, found = std::move(found)] { answered(lookup, found); });
  });
}

// A toxic may refuse a connection, or leave it without an answer.
bool Loop::is_let_in(Session& session) {
  Route& route = *session.route;
  update_chain(route);
  const Toxic* guard = route.chain->guard_of(*route.spec.traffic, session.ordinal);
  if (guard == nullptr) return true;
  if (guard->kind->door(guard->attributes.typed.get()) == Door::refuses) {
    end(session, true);
  } else {
    session.hung_by = guard->id;
    notice_death(session.client.fd);
  }
  return false;
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
  if (!side.fd.valid()) return;
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
    if (session.hung_by != 0 && (events & EPOLLERR) != 0) return end(session, true);
    if (is_client) return;
    return begin(session);
  }
  if (session.generation != session.route->spec.traffic->generation()) follow(session);
  Link& from = is_client ? session.up : session.down;
  Link& to = is_client ? session.down : session.up;
  if (side.is_readable) from.pump(tools_);
  if (to.is_blocked() && (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) to.unblock(tools_);
  // A peer that is gone frees its connection, also while a toxic holds what it sent.
  if ((events & EPOLLERR) != 0 && from.is_deaf()) {
    side.is_lost = true;
    if (!outlives(session)) return end(session, true);
  }
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
  while (up.is_broken() || down.is_broken()) {
    if (!outlives(session)) return end(session, true);
  }
  if (up.is_cut() || down.is_cut() || (up.is_finished() && down.is_finished())) {
    return end(session, false);
  }
  if (!session.is_queued && (up.wants_turn() || down.wants_turn())) {
    session.is_queued = true;
    turns_.push_back(&session);
  }
}

// One side is lost and a toxic keeps the other ignorant of it.
bool Loop::outlives(Session& session) {
  for (const bool is_up : {true, false}) {
    Link& link = is_up ? session.up : session.down;
    if (!link.outlives_source()) continue;
    Link& back = is_up ? session.down : session.up;
    link.lose_source();
    back.lose_destination();
    (is_up ? session.client : session.server).fd.reset();
    notice_death((is_up ? session.server : session.client).fd);
    back.pump(tools_);
    return true;
  }
  return false;
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

void Loop::update_chain(Route& route) {
  const std::uint64_t generation = route.spec.traffic->generation();
  if (route.generation == generation && route.chain) return;
  route.chain = route.spec.traffic->chain();
  route.generation = generation;
}

// The links of a session go over to the chain as it is now.
void Loop::follow(Session& session) {
  Route& route = *session.route;
  update_chain(route);
  session.generation = route.generation;
  const Connection connection{
      .traffic = route.spec.traffic.get(),
      .ordinal = session.ordinal,
      .listeners = &session.listeners,
      .is_from_start = {session.up.received() == 0, session.down.received() == 0}};
  // The downstream says who has to listen to the upstream.
  session.down.follow(*route.chain, connection, tools_);
  session.listeners.forget_unused();
  session.up.follow(*route.chain, connection, tools_);
}

void Loop::refresh(Route& route) {
  update_chain(route);
  const bool visits_all = route.chain->acts_alone();
  Session* next = nullptr;
  for (Session* session = route.first; session != nullptr; session = next) {
    next = session->after;
    if (session->hung_by != 0 && route.chain->find(session->hung_by) == nullptr) {
      end(*session, false);
      continue;
    }
    const bool is_held = session->up.is_held() || session->down.is_held();
    if (!session->is_connected || session->generation == route.generation) continue;
    if (!visits_all && !is_held) continue;
    follow(*session);
    settle(*session);
  }
}

}  // namespace squall::proxy
