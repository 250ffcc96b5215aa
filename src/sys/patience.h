// Patience says how long an operation may go on: until a limit is over or until a stop is asked
// for, whichever comes first. One Patience spans a whole exchange, however many waits it has.
#pragma once

#include <optional>
#include <span>
#include <stop_token>

#include <poll.h>

#include "core/duration.h"
#include "sys/fd.h"

namespace squall::sys {

class Patience {
 public:
  enum class End { ready, expired, stopped };

  // The limit counts from now, on CLOCK_MONOTONIC.
  explicit Patience(Duration limit, std::stop_token stop = {});
  Patience(const Patience&) = delete;
  Patience& operator=(const Patience&) = delete;

  // Waits until a descriptor is ready (`revents` are set), at most 8 of them. Entries that are
  // already ready win over a limit that is already over; a stop wins over both.
  End wait(std::span<pollfd> entries);
  // The same for one descriptor and POLLIN or POLLOUT.
  End wait_for(int fd, short events);

  bool is_over() const { return left().nanoseconds == 0 || stop_.stop_requested(); }
  bool is_stopped() const { return stop_.stop_requested(); }
  // Never negative.
  Duration left() const;
  Duration limit() const { return limit_; }
  std::stop_token stop() const { return stop_; }
  // How long it has been going on.
  Duration spent() const;

 private:
  struct Wake {
    int fd = -1;
    void operator()() const noexcept;
  };

  Duration limit_;
  Duration start_;
  std::stop_token stop_;
  Fd alarm_;  // an eventfd that the callback makes readable; invalid when no stop can come
  std::optional<std::stop_callback<Wake>> on_stop_;
};

}  // namespace squall::sys
