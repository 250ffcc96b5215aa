#include "packets/engine.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include <fmt/core.h>
#include <poll.h>
#include <sys/eventfd.h>

#include "core/text.h"
#include "packets/service.h"
#include "sys/clock.h"

namespace squall::packets {
namespace {

// A thread that was not at work for so long stands still.
constexpr Duration standstill = milliseconds(600);
constexpr Duration longest_sleep = milliseconds(100);
// Once the rules are gone, packets that met them a moment before may still come.
constexpr Duration stragglers = milliseconds(5);

}  // namespace

std::string describe(const Account& account) {
  std::vector<std::string> parts{fmt::format("{} packets", account.packets)};
  const auto add = [&parts](std::uint64_t count, std::string_view what) {
    if (count > 0) parts.push_back(fmt::format("{} {}", count, what));
  };
  add(account.dropped, "lost");
  add(account.delayed, "delayed");
  add(account.duplicated, "sent twice");
  add(account.corrupted, "corrupted");
  add(account.held_back, "held back");
  add(account.unsent, "copies that could not be sent");
  std::string text = join(parts, ", ");
  if (account.late.count() > 0) {
    text += fmt::format("; let go {} late at the median, {} at p99",
                        render_rounded(account.late.quantile(0.5)),
                        render_rounded(account.late.quantile(0.99)));
  }
  if (account.waiting_most >= account.room) {
    text += fmt::format("; {} waited at once, beyond which packets passed untreated", account.room);
  }
  return text;
}

Result<std::unique_ptr<Engine>> Engine::start(Options options) {
  std::unique_ptr<Engine> engine(new Engine);
  engine->wake_ = sys::Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!engine->wake_.valid()) return errno_error(errno, "making an eventfd");
  engine->service_ = TRY(Service::open(options));
  for (sys::NftRule& rule : options.rules) {
    rule.action = sys::NftAction::queue;
    rule.queue = engine->service_->queue().number();
    rule.unless_marked = engine->service_->mark();
  }
  // Service first: what a rule sends to a queue that nobody reads waits until somebody does.
  engine->last_turn_ns_ = sys::monotonic_now().nanoseconds;
  try {
    engine->thread_ =
        std::jthread([raw = engine.get()](const std::stop_token& stop) { raw->run(stop); });
  } catch (const std::system_error& problem) {
    return errno_error(problem.code().value(), "starting the thread of the packet engine");
  }
  engine->table_ = TRY(sys::NftOwnerTable::create(options.table, options.rules, options.netns_fd));
  return engine;
}

Engine::~Engine() {
  stop();
}

Account Engine::stop() {
  if (table_) static_cast<void>(table_->clear().ok());
  if (thread_.joinable()) {
    thread_.request_stop();
    ::eventfd_write(wake_.get(), 1);
    thread_.join();
  }
  table_.reset();  // last, since the kernel throws away what waits when a hook goes
  return service_ ? service_->account() : Account{};
}

bool Engine::is_serving() const {
  const Duration idle = sys::monotonic_now() - Duration{last_turn_ns_.load()};
  return !has_failed_ && idle < standstill;
}

std::uint16_t Engine::queue_number() const {
  return service_->queue().number();
}

std::size_t Engine::room() const {
  return service_->room();
}

void Engine::run(const std::stop_token& stop) {
  sys::use_precise_timers();
  promptness_ = sys::run_promptly();
  std::array<pollfd, 2> entries = {{{service_->queue().fd(), POLLIN, 0}, {wake_.get(), POLLIN, 0}}};
  const auto wait = [&](Duration sleep, std::size_t count) {
    const timespec limit{sleep.nanoseconds / 1'000'000'000, sleep.nanoseconds % 1'000'000'000};
    ::ppoll(entries.data(), count, &limit, nullptr);
  };
  while (!stop.stop_requested()) {
    const Duration now = sys::monotonic_now();
    last_turn_ns_ = now.nanoseconds;
    if (!service_->take_in(now)) {
      has_failed_ = true;
      return;
    }
    service_->let_go(sys::monotonic_now());
    if (service_->has_more()) continue;
    Duration sleep = longest_sleep;
    if (const std::optional<Duration> due = service_->next_due()) {
      sleep = std::clamp(*due - sys::monotonic_now(), Duration{}, sleep);
    }
    wait(sleep, entries.size());
  }
  const Duration end = sys::monotonic_now() + stragglers;
  for (Duration now = sys::monotonic_now(); now < end; now = sys::monotonic_now()) {
    wait(end - now, 1);
    service_->take_in(now);
  }
  service_->let_all_go();
}

}  // namespace squall::packets
