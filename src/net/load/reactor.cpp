// The loop: wait for the sockets, for the next tick of the timer or for the end; serve what is
// ready; begin what is due; give up what took too long.
//
// The timer ticks by itself on the grid of this thread's requests and is never set again. The
// sockets are watched by their edges: each is put into the epoll once and never changed there.
#include "net/load/reactor.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include "core/choices.h"
#include "sys/clock.h"

namespace squall::net {
namespace {

using State = LoadLink::State;

constexpr std::uint64_t timer_mark = UINT64_MAX;
constexpr std::uint64_t alarm_mark = UINT64_MAX - 1;
constexpr std::size_t buffer_size = 64 << 10;
// At higher rates one tick begins several requests.
constexpr Duration shortest_tick = microseconds(20);
constexpr int events_max = 256;

timespec timespec_of(Duration duration) {
  timespec made{};
  made.tv_sec = duration.nanoseconds / 1'000'000'000;
  made.tv_nsec = duration.nanoseconds % 1'000'000'000;
  return made;
}

LoadTally::Fate fate_of(LoadVerdict verdict) {
  return static_cast<LoadTally::Fate>(verdict);
}

// Frees the port at once: a connection that was given up needs no orderly end.
void close_with_reset(sys::Fd& fd) {
  const linger at_once{1, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  fd.reset();
}

}  // namespace

LoadReactor::LoadReactor(const LoadOrder& order, const LoadProtocol& protocol,
                         const Address& address, LoadPart part)
    : order_(order),
      protocol_(protocol),
      address_(address),
      part_(part),
      choices_(order.seed, "load"),
      next_(part.index),
      buffer_(buffer_size) {
  links_.resize(static_cast<std::size_t>(part.connections));
  for (std::size_t i = links_.size(); i > 0; --i) {
    links_[i - 1].reader = protocol.make_reader();
    closed_.push_back(static_cast<std::uint32_t>(i - 1));
  }
  idle_.reserve(links_.size());
  tally_.invalid.resize(protocol.invalid_forms().size());
}

Result<std::unique_ptr<LoadReactor>> LoadReactor::make(const LoadOrder& order,
                                                       const LoadProtocol& protocol,
                                                       const Address& address, LoadPart part) {
  std::unique_ptr<LoadReactor> made(new LoadReactor(order, protocol, address, part));
  TRY_VOID(made->arm());
  return made;
}

Status LoadReactor::arm() {
  epoll_ = sys::Fd(::epoll_create1(EPOLL_CLOEXEC));
  timer_ = sys::Fd(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  alarm_ = sys::Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!epoll_.valid() || !timer_.valid() || !alarm_.valid()) {
    return errno_error(errno, "making the descriptors of a load");
  }
  const double step_ns = 1e9 * static_cast<double>(part_.of) / order_.rate.per_second;
  const Duration step{static_cast<std::int64_t>(std::min(step_ns, 3.6e12))};
  const itimerspec grid{timespec_of(std::max(step, shortest_tick)),
                        timespec_of(due_at(part_.index))};
  if (::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &grid, nullptr) != 0) {
    return errno_error(errno, "setting the timer of a load");
  }
  for (const auto& [fd, mark] : {std::pair{timer_.get(), timer_mark}, {alarm_.get(), alarm_mark}}) {
    epoll_event event{.events = EPOLLIN, .data = {.u64 = mark}};
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
      return errno_error(errno, "watching the timer of a load");
    }
  }
  return ok();
}

// Computed from the number each time, so that rounding does not add up.
Duration LoadReactor::due_at(std::int64_t number) const {
  const double after_ns = 1e9 * static_cast<double>(number) / order_.rate.per_second;
  return part_.start + Duration{static_cast<std::int64_t>(std::min(after_ns, 9e18))};
}

bool LoadReactor::has_more() const {
  return next_ < order_.count && due_at(next_) < part_.start + order_.duration;
}

LoadTally LoadReactor::run(std::stop_token stop) {
  const std::stop_callback wake(stop, [fd = alarm_.get()] { ::eventfd_write(fd, 1); });
  std::array<epoll_event, events_max> events;
  Duration now = sys::monotonic_now();
  while (!stop.stop_requested() && (has_more() || !busy_.is_empty())) {
    const int ready = ::epoll_wait(epoll_.get(), events.data(), events_max, wait_milliseconds(now));
    for (int i = 0; i < ready; ++i) {
      const std::uint64_t mark = events[static_cast<std::size_t>(i)].data.u64;
      if (mark < links_.size()) {
        serve(static_cast<std::uint32_t>(mark), events[static_cast<std::size_t>(i)].events);
      } else if (mark == timer_mark) {
        std::uint64_t ticks = 0;  // only taken off, so that the timer goes on
        static_cast<void>(::read(timer_.get(), &ticks, sizeof ticks) == sizeof ticks);
      }
    }
    now = sys::monotonic_now();
    expire(now);
    dispatch(now);
  }
  abandon();
  tally_.took = std::max(sys::monotonic_now() - part_.start, Duration{});
  return tally_;
}

// The timer wakes for what is due next; this wakes for an answer that does not come.
int LoadReactor::wait_milliseconds(Duration now) const {
  Duration until = now + seconds(1);
  if (!busy_.is_empty()) until = std::min(until, links_[busy_.first()].begun + order_.timeout);
  return std::max(until - now, Duration{}).poll_milliseconds();
}

void LoadReactor::dispatch(Duration now) {
  while (has_more() && due_at(next_) <= now) {
    if (now - due_at(next_) > order_.timeout) {
      ++tally_.due;
      count(form_of(next_), LoadTally::dropped);
    } else if (idle_.empty() && closed_.empty()) {
      return;
    } else {
      std::vector<std::uint32_t>& from = idle_.empty() ? closed_ : idle_;
      const std::uint32_t index = from.back();
      from.pop_back();
      begin(links_[index], next_, now);
    }
    next_ += part_.of;
  }
}

std::int32_t LoadReactor::form_of(std::int64_t number) const {
  const auto ordinal = static_cast<std::uint64_t>(number);
  if (choices_.unit("", "invalid", ordinal) >= order_.invalid.fraction) return -1;
  return static_cast<std::int32_t>(ordinal % protocol_.invalid_forms().size());
}

void LoadReactor::begin(LoadLink& link, std::int64_t number, Duration now) {
  ++tally_.due;
  link.form = form_of(number);
  link.due = due_at(number);
  link.begun = now;
  link.request = link.form < 0
                     ? protocol_.request()
                     : protocol_.invalid_forms()[static_cast<std::size_t>(link.form)].bytes;
  busy_.append(links_, static_cast<std::uint32_t>(&link - links_.data()));
  if (link.state == State::closed) {
    open(link);
  } else {
    link.state = State::sending;
    link.unsent = link.request;
    tally_.lateness.record(now - link.due);
    go_on(link);
  }
}

void LoadReactor::open(LoadLink& link) {
  const int family = address_.storage.ss_family;
  link.fd = sys::Fd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const auto* where = reinterpret_cast<const sockaddr*>(&address_.storage);
  if (!link.fd.valid()) return end(link, LoadTally::refused);
  if (family != AF_UNIX) {
    const int on = 1;
    ::setsockopt(link.fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  if (::connect(link.fd.get(), where, address_.length) != 0 && errno != EINPROGRESS) {
    return end(link, LoadTally::refused);
  }
  epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                    .data = {.u64 = static_cast<std::uint64_t>(&link - links_.data())}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, link.fd.get(), &event) != 0) {
    return end(link, LoadTally::refused);
  }
  ++tally_.connections;
  link.reader->reset();
  link.is_last = false;
  link.greetings = protocol_.hello_answers();
  link.state = State::connecting;
}

void LoadReactor::serve(std::uint32_t index, std::uint32_t events) {
  LoadLink& link = links_[index];
  if (link.state == State::closed) return;
  if (link.state == State::connecting) {
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) return end(link, LoadTally::refused);
    if ((events & EPOLLOUT) == 0) return;
    const bool has_hello = !protocol_.hello().empty();
    link.state = has_hello ? State::greeting : State::sending;
    link.unsent = has_hello ? protocol_.hello() : link.request;
    if (!has_hello) tally_.lateness.record(sys::monotonic_now() - link.due);
  }
  if ((events & EPOLLOUT) != 0) go_on(link);
  const bool is_ending = (events & (EPOLLRDHUP | EPOLLERR | EPOLLHUP)) != 0;
  if (is_ending || (events & EPOLLIN) != 0) read(link, is_ending);
}

// Sends what is left to send.
void LoadReactor::go_on(LoadLink& link) {
  while (!link.unsent.empty()) {
    const ssize_t wrote =
        ::send(link.fd.get(), link.unsent.data(), link.unsent.size(), MSG_NOSIGNAL);
    if (wrote > 0) {
      link.unsent.remove_prefix(static_cast<std::size_t>(wrote));
    } else if (errno == EAGAIN) {
      return;
    } else if (errno != EINTR) {
      // The peer may have said why before it hung up.
      link.unsent = {};
      return read(link, true);
    }
  }
  if (link.state != State::sending) return;
  link.state = State::waiting;
  ++tally_.sent;
  sent_.store(tally_.sent, std::memory_order_relaxed);
}

// With edges, a piece shorter than the buffer was all there was, and what comes later is another
// edge; but when the end was announced together with it there is no other edge to come.
void LoadReactor::read(LoadLink& link, bool is_ending) {
  while (link.state != State::closed) {
    const ssize_t got = ::recv(link.fd.get(), buffer_.data(), buffer_.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      const bool is_end = got == 0 && link.state == State::waiting;
      const LoadAnswer last = is_end ? link.reader->take_end() : LoadAnswer{};
      link.is_last = true;
      if (last.state == LoadAnswer::State::done) return answered(link, last.verdict);
      return end(link, LoadTally::cut);
    }
    if (!take(link, {buffer_.data(), static_cast<std::size_t>(got)})) return;
    if (!is_ending && static_cast<std::size_t>(got) < buffer_.size()) return;
  }
}

// False when the connection is over.
bool LoadReactor::take(LoadLink& link, std::string_view bytes) {
  while (!bytes.empty()) {
    const LoadAnswer answer = link.reader->take(bytes);
    bytes.remove_prefix(answer.used);
    if (!answer.respond.empty()) {
      // A few bytes on a connection that has room: refused only when it is broken anyway.
      ::send(link.fd.get(), answer.respond.data(), answer.respond.size(), MSG_NOSIGNAL);
    }
    if (answer.state == LoadAnswer::State::nonsense) {
      end(link, LoadTally::nonsense);
      return false;
    }
    if (answer.state == LoadAnswer::State::unfinished) continue;
    const bool is_rejected = answer.verdict == LoadVerdict::rejected;
    if (link.greetings > 0) {
      if (is_rejected) {
        end(link, LoadTally::refused);
        return false;
      }
      if (--link.greetings > 0 || link.state != State::greeting) continue;
      link.state = State::sending;
      link.unsent = link.request;
      tally_.lateness.record(sys::monotonic_now() - link.due);
      go_on(link);
    } else if (link.state == State::waiting) {
      link.is_last = link.is_last || answer.is_last;
      answered(link, answer.verdict);
    } else {
      // An answer to half a request, or to none: the peer has had enough of us.
      end(link, link.state == State::sending ? fate_of(answer.verdict) : LoadTally::nonsense);
    }
    if (link.state == State::closed) return false;
  }
  return true;
}

void LoadReactor::answered(LoadLink& link, LoadVerdict verdict) {
  tally_.latency.record(sys::monotonic_now() - link.due);
  if (link.is_last) return end(link, fate_of(verdict));
  count(link.form, fate_of(verdict));
  const auto index = static_cast<std::uint32_t>(&link - links_.data());
  busy_.remove(links_, index);
  link.state = State::idle;
  idle_.push_back(index);
}

// The connection is over, and so is the request on it, if there is one.
void LoadReactor::end(LoadLink& link, LoadTally::Fate fate) {
  const auto index = static_cast<std::uint32_t>(&link - links_.data());
  if (link.state == State::idle) {
    std::erase(idle_, index);
  } else {
    count(link.form, fate);
    busy_.remove(links_, index);
  }
  if (fate == LoadTally::timed_out || fate == LoadTally::abandoned) close_with_reset(link.fd);
  link.fd.reset();
  link.state = State::closed;
  closed_.push_back(index);
}

void LoadReactor::count(std::int32_t form, LoadTally::Fate fate) {
  ++(form < 0 ? tally_.valid : tally_.invalid[static_cast<std::size_t>(form)])[fate];
}

void LoadReactor::expire(Duration now) {
  while (!busy_.is_empty() && now - links_[busy_.first()].begun > order_.timeout) {
    end(links_[busy_.first()], LoadTally::timed_out);
  }
}

void LoadReactor::abandon() {
  while (!busy_.is_empty()) end(links_[busy_.first()], LoadTally::abandoned);
  for (LoadLink& link : links_) link.fd.reset();
}

}  // namespace squall::net
