// One connection of a load with the request that is under way on it, and a queue of such without
// memory of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "core/duration.h"
#include "net/load/protocol.h"
#include "sys/fd.h"

namespace squall::net {

struct LoadLink {
  enum class State : std::uint8_t { closed, connecting, greeting, idle, sending, waiting };
  static constexpr std::uint32_t none = UINT32_MAX;

  sys::Fd fd;
  State state = State::closed;
  std::int32_t form = -1;       // of the request: an index of invalid_forms, or -1 for a good one
  bool is_last = false;         // close after the answer
  int greetings = 0;            // answers to the hello that are still to come
  std::string_view unsent;      // of the hello or the request
  std::string_view request;     // to be sent after the hello
  Duration due;                 // when the request should have begun
  Duration begun;               // when it did
  std::uint32_t before = none;  // neighbours in a LoadQueue
  std::uint32_t after = none;
  std::unique_ptr<LoadReader> reader;
};

// A doubly linked list of links by their index.
class LoadQueue {
 public:
  bool is_empty() const { return first_ == LoadLink::none; }
  std::uint32_t first() const { return first_; }

  void append(std::vector<LoadLink>& links, std::uint32_t index) {
    links[index].before = last_;
    links[index].after = LoadLink::none;
    (last_ == LoadLink::none ? first_ : links[last_].after) = index;
    last_ = index;
  }
  void remove(std::vector<LoadLink>& links, std::uint32_t index) {
    const LoadLink& link = links[index];
    (link.before == LoadLink::none ? first_ : links[link.before].after) = link.after;
    (link.after == LoadLink::none ? last_ : links[link.after].before) = link.before;
  }

 private:
  std::uint32_t first_ = LoadLink::none;
  std::uint32_t last_ = LoadLink::none;
};

}  // namespace squall::net
