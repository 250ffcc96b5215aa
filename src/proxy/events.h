// What a proxy does and decides, as lines of JSON for whoever wants to know: one object a line,
// with the time, what happened, and to what. While nobody reads, nothing is written and nothing is
// paid.
//
// A reader that is too slow is not waited for: once it is `pending_max` bytes behind it gets the
// lines that were kept, then one that says how many it has missed, and then the end.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/node.h"

namespace squall::proxy {

class EventReader;

class Events {
 public:
  static constexpr std::size_t pending_max = 1 << 20;

  // Cheap, so that a line is only made where it is read.
  bool has_readers() const { return readers_count_.load(std::memory_order_relaxed) > 0; }
  // On any thread. The time is added: milliseconds since 1970.
  void tell(json::object event);
  // Hears what is told from now on, until the last owner lets it go.
  std::shared_ptr<EventReader> read();

 private:
  std::mutex mutex_;
  std::atomic<std::size_t> readers_count_{0};
  std::vector<std::weak_ptr<EventReader>> readers_;
};

class EventReader {
 public:
  // `wake` is called by the thread that tells, when there is something to take after nothing.
  void on_ready(std::function<void()> wake);
  // The lines since the last call, each with its line feed.
  std::string take();
  // It was too slow; the last line that it took says so.
  bool is_over() const;

 private:
  friend class Events;
  void hear(const std::string& line);

  mutable std::mutex mutex_;
  std::function<void()> wake_;
  std::string pending_;
  std::uint64_t missed_ = 0;
  bool is_over_ = false;
};

}  // namespace squall::proxy
