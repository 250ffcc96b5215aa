// A queue of the kernel (NFQUEUE) and the socket that serves it.
//
// Packets which a rule sends to the queue wait in the kernel until they get a verdict here. When
// the socket closes, for whatever reason, those that wait are thrown away and all later ones pass
// (the rule's bypass flag). When nobody reads, the queue fills and all later ones pass (fail-open).
#pragma once

#include <optional>
#include <span>

#include "core/result.h"
#include "packets/queue_message.h"
#include "sys/fd.h"

namespace squall::packets {

class Queue {
 public:
  // Serves the first free number from setting.number on. Code::unsupported when the kernel has no
  // such queues, Code::refused without CAP_NET_ADMIN, or when none of 256 numbers is free.
  static Result<Queue> open(QueueSetting setting, std::optional<int> netns_fd);

  std::uint16_t number() const { return setting_.number; }
  int fd() const { return socket_.get(); }

  // Reads what waits, without waiting for it: at most a batch. The packets point into this object
  // and are good until the next call. False when the socket failed for good.
  bool receive(Arrivals& arrivals);
  // Verdicts go out with flush(), or when many have come together.
  void decide(const Verdict& verdict);
  void flush();

 private:
  Queue() = default;
  // The errno of the kernel's answer, 0 when it did as asked.
  int ask(const std::string& request) const;

  QueueSetting setting_;
  sys::Fd socket_;
  std::vector<std::string> buffers_;
  std::string verdicts_;
};

}  // namespace squall::packets
