// An event names its socket by the address of its session or route, whose lowest bits say which
// socket it is. A session that ends is freed after the round, so that an event of the same round
// which still names it finds it dead.
#include "proxy/loop.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "sys/clock.h"

namespace squall::proxy {
namespace {

constexpr std::uint64_t mark_bits = 3;
constexpr int events_max = 256;
constexpr Duration accept_pause = milliseconds(100);

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

}  // namespace squall::proxy
