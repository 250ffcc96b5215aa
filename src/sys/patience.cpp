#include "sys/patience.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>

#include <sys/eventfd.h>

#include "core/check.h"
#include "sys/clock.h"

namespace squall::sys {
namespace {

constexpr std::size_t entries_max = 8;
// How often a stop is looked for when there is no descriptor left for the alarm.
constexpr Duration tick = milliseconds(20);

}  // namespace

void Patience::Wake::operator()() const noexcept {
  const std::uint64_t one = 1;
  // Cannot block: the counter is written once.
  [[maybe_unused]] const ssize_t wrote = ::write(fd, &one, sizeof one);
}

Patience::Patience(Duration limit, std::stop_token stop)
    : limit_(std::max(limit, Duration{0})), start_(monotonic_now()), stop_(std::move(stop)) {
  if (!stop_.stop_possible()) return;
  alarm_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (alarm_.valid()) on_stop_.emplace(stop_, Wake{alarm_.get()});
}

Duration Patience::spent() const {
  return monotonic_now() - start_;
}

Duration Patience::left() const {
  return std::max(limit_ - spent(), Duration{0});
}

Patience::End Patience::wait(std::span<pollfd> entries) {
  CHECK(entries.size() <= entries_max, "Patience waits for at most 8 descriptors");
  std::array<pollfd, entries_max + 1> watched{};
  std::copy(entries.begin(), entries.end(), watched.begin());
  watched[entries.size()] = {alarm_.get(), POLLIN, 0};  // poll(2) skips a negative descriptor
  while (!stop_.stop_requested()) {
    const Duration remaining = left();
    const bool needs_tick = stop_.stop_possible() && !alarm_.valid();
    const Duration nap = needs_tick ? std::min(remaining, tick) : remaining;
    const timespec time{nap.nanoseconds / 1'000'000'000, nap.nanoseconds % 1'000'000'000};
    const int ready = ::ppoll(watched.data(), entries.size() + 1, &time, nullptr);
    CHECK(ready >= 0 || errno == EINTR || errno == ENOMEM, "ppoll gets valid arguments");
    if (stop_.stop_requested()) break;
    if (ready > 0) {
      for (std::size_t i = 0; i < entries.size(); ++i) entries[i].revents = watched[i].revents;
      return End::ready;
    }
    if (remaining.nanoseconds == 0) return End::expired;
  }
  return End::stopped;
}

Patience::End Patience::wait_for(int fd, short events) {
  pollfd entry{fd, events, 0};
  return wait({&entry, 1});
}

}  // namespace squall::sys
