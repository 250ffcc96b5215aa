// Packets that wait for their time, or for others to go before them. Pure: time comes in as `now`.
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <queue>
#include <utility>
#include <vector>

#include "core/duration.h"

namespace squall::packets {

template <class Item>
class WaitingLine {
 public:
  void add(Item item, Duration due) { by_time_.push({due, next_++, std::move(item)}); }
  // Goes on once `behind` packets that arrive later have gone, at `due` at the latest.
  void add_behind(Item item, Duration due, std::int64_t behind) {
    held_back_.push_back({due, behind, std::move(item)});
  }
  // Tells of a packet that goes on without having waited here.
  void pass() {
    for (HeldBack& one : held_back_) --one.behind;
  }

  // The next one whose time has come, by time and then by arrival, and that time.
  std::optional<std::pair<Item, Duration>> take(Duration now) {
    for (auto one = held_back_.begin(); one != held_back_.end(); ++one) {
      if (one->behind > 0 && one->due > now) continue;
      std::pair<Item, Duration> taken(std::move(one->item), std::min(one->due, now));
      held_back_.erase(one);
      return taken;
    }
    if (by_time_.empty() || by_time_.top().due > now) return std::nullopt;
    // The order of what remains does not depend on the item that is moved out.
    auto& first = const_cast<Timed&>(by_time_.top());
    std::pair<Item, Duration> taken(std::move(first.item), first.due);
    by_time_.pop();
    pass();
    return taken;
  }
  // When take() should be called again; nullopt while it is empty.
  std::optional<Duration> next_due() const {
    std::optional<Duration> due;
    if (!by_time_.empty()) due = by_time_.top().due;
    for (const HeldBack& one : held_back_) {
      const Duration at = one.behind > 0 ? one.due : Duration{};
      due = due ? std::min(*due, at) : at;
    }
    return due;
  }
  std::size_t size() const { return by_time_.size() + held_back_.size(); }

 private:
  struct Timed {
    Duration due;
    std::uint64_t arrival = 0;
    Item item;
    bool operator<(const Timed& other) const {  // the greatest comes first
      return std::pair(due, arrival) > std::pair(other.due, other.arrival);
    }
  };
  struct HeldBack {
    Duration due;
    std::int64_t behind = 0;
    Item item;
  };

  std::priority_queue<Timed> by_time_;
  std::list<HeldBack> held_back_;
  std::uint64_t next_ = 0;
};

}  // namespace squall::packets
