// The work of the engine's thread: packets come in from the queue, meet their fate, and go on.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "packets/dose.h"
#include "packets/engine.h"
#include "packets/queue.h"
#include "packets/sender.h"
#include "packets/waiting_line.h"

namespace squall::packets {

class Engine::Service {
 public:
  // The queue and, where copies will be sent, the raw sockets.
  static Result<std::unique_ptr<Service>> open(const Options& options);

  const Queue& queue() const { return queue_; }
  std::uint32_t mark() const { return mark_; }
  std::size_t room() const { return account_.room; }
  std::optional<Duration> next_due() const { return line_.next_due(); }

  // Takes what waits in the queue. False when it failed for good.
  bool take_in(Duration now);
  bool has_more() const { return !arrivals_.packets.empty(); }
  // Lets go of what is due, and tells the kernel all that was decided.
  void let_go(Duration now);
  // The same for all that waits, due or not.
  void let_all_go();
  const Account& account() const { return account_; }

 private:
  // A packet that waits: in the kernel, or here as a copy.
  struct Waiting {
    std::uint32_t id = 0;
    std::uint32_t mark = 0;    // that it shall have; 0: as it was
    std::uint32_t device = 0;  // of a copy
    bool is_copy = false;      // `bytes` are sent; else the packet in the kernel goes on
    std::string bytes;         // of a copy, or what the packet becomes; may be empty
  };
  Service(Queue queue, const Options& options);
  void treat(const Queued& packet, Duration now);
  void go_on(const Waiting& waiting);
  Waiting waiting_of(const Queued& packet, const Fate& fate);
  bool must_be_copied(const Queued& packet) const;

  Queue queue_;
  std::optional<Sender> sender_;
  Treatment treatment_;
  Dose arriving_;
  Dose leaving_;
  std::uint32_t mark_;
  WaitingLine<Waiting> line_;
  Arrivals arrivals_;
  Account account_;
};

}  // namespace squall::packets
