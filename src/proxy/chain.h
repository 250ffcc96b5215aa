// The toxics of one proxy as they stand: a value that is never changed but replaced, so that the
// loops which carry the traffic can read it while somebody edits the next one.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "proxy/events.h"
#include "proxy/toxics/toxic.h"

namespace squall::proxy {

std::string_view name_of(Stream stream);  // "upstream"

struct Toxic {
  std::uint64_t id = 0;        // never given twice
  std::uint64_t revision = 0;  // counts its updates
  std::string name;
  std::string stream_name;  // as it was written: "Downstream"
  Stream stream = Stream::downstream;
  double toxicity = 1;  // share of the connections that it acts on; not bounded
  // Of the connections since it was added: only so many, and only each n-th of them; 0 is all.
  std::int64_t first = 0;
  std::int64_t every = 0;
  std::uint64_t since = 0;  // the ordinal of the first connection after it was added
  // It begins to act on a connection behind these bytes of its direction; empty is at once.
  std::string after;
  // How long it lives without being updated; 0 is for ever.
  std::int64_t ttl_ms = 0;
  Duration expires = never;  // CLOCK_MONOTONIC
  const Kind* kind = nullptr;

  bool chooses(std::uint64_t connection) const;
  Attributes attributes;
};

struct Chain {
  // By Stream; the first one is nearest to the source.
  std::array<std::vector<std::shared_ptr<const Toxic>>, 2> toxics;

  bool acts_alone() const;
  // The first toxic that chooses this connection and does not let it in; nullptr when it is
  // carried.
  const Toxic* guard_of(const Traffic& traffic, std::uint64_t connection) const;
  const Toxic* find(std::uint64_t toxic) const;
};

// What the loops and the owner of a proxy share.
class Traffic {
 public:
  Traffic(std::string name, std::uint64_t seed, std::shared_ptr<Events> events = nullptr)
      : name_(std::move(name)),
        seed_(seed),
        events_(std::move(events)),
        chain_(std::make_shared<const Chain>()) {}

  // Counts the chains; a loop that meets another number than its last one takes the chain anew.
  std::uint64_t generation() const { return generation_.load(std::memory_order_acquire); }
  std::shared_ptr<const Chain> chain() const;
  void set_chain(std::shared_ptr<const Chain> chain);

  // The draws of one toxic on one direction of a connection.
  Choices choices(const Toxic& toxic, std::uint64_t connection) const;
  // Whether the toxic acts on this connection. The decision is told.
  bool draws(const Toxic& toxic, std::uint64_t connection) const;
  std::uint64_t connections() const { return connections_.load(std::memory_order_relaxed); }
  std::uint64_t next_connection() { return connections_.fetch_add(1, std::memory_order_relaxed); }

  // Somebody wants to know.
  bool is_watched() const { return events_ && events_->has_readers(); }
  // {"event": ..., "proxy": ...} and the rest.
  void tell(std::string_view event, json::object rest) const;

  // Bytes of the connections that have ended, by Stream.
  std::array<std::atomic<std::uint64_t>, 2> received{};
  std::array<std::atomic<std::uint64_t>, 2> sent{};

 private:
  std::string name_;
  std::uint64_t seed_;
  std::shared_ptr<Events> events_;
  std::atomic<std::uint64_t> generation_{1};
  std::atomic<std::uint64_t> connections_{0};
  mutable std::mutex mutex_;
  std::shared_ptr<const Chain> chain_;
};

}  // namespace squall::proxy
