// A fanotify group made by a test's own hands, which refuses or delays accesses to one file.
#pragma once

#include <cerrno>
#include <string>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/fanotify.h>
#include <unistd.h>

#include "core/duration.h"
#include "sys/clock.h"
#include "sys/fd.h"

namespace squall::witness {

class OwnWatch {
 public:
  // Every `nth` opening is refused with the error (0: none), after `delay`.
  OwnWatch(const std::string& path, int error_number, Duration delay, int nth = 1)
      : group_(::fanotify_init(FAN_CLASS_PRE_CONTENT | FAN_CLOEXEC | FAN_NONBLOCK, O_RDONLY)) {
    EXPECT_EQ(::fanotify_mark(group_.get(), FAN_MARK_ADD, FAN_OPEN_PERM, AT_FDCWD, path.c_str()),
              0);
    thread_ = std::jthread([this, error_number, delay, nth](const std::stop_token& stop) {
      serve(stop, error_number, delay, nth);
    });
  }

 private:
  void serve(const std::stop_token& stop, int error_number, Duration delay, int nth) const {
    int count = 0;
    while (!stop.stop_requested()) {
      pollfd entry{group_.get(), POLLIN, 0};
      alignas(fanotify_event_metadata) char buffer[4096];
      if (::poll(&entry, 1, 10) <= 0) continue;
      auto length = static_cast<std::size_t>(::read(group_.get(), buffer, sizeof buffer));
      const auto* event = reinterpret_cast<const fanotify_event_metadata*>(buffer);
      for (; FAN_EVENT_OK(event, length); event = FAN_EVENT_NEXT(event, length)) {
        sys::sleep_until(sys::monotonic_now() + delay, stop);
        fanotify_response response{event->fd, FAN_ALLOW};
        if (error_number != 0 && count++ % nth == 0) {
          response.response = FAN_DENY | static_cast<unsigned>(error_number) << 24U;
        }
        EXPECT_GT(::write(group_.get(), &response, sizeof response), 0);
        ::close(event->fd);
      }
    }
  }

  sys::Fd group_;
  std::jthread thread_;
};

}  // namespace squall::witness
