// A holder is a child process that owns the open handle of a held change. While it lives the change
// is in force; when it dies, for whatever reason, the kernel takes the change away.
//
// It is forked by the guardian, closes everything but its channel, asks the kernel to be killed
// with its parent (PR_SET_PDEATHSIG), opens the handle, says so, and then sends a heartbeat every
// 100 ms until the channel closes. A holder that hangs is worse than one that dies, so silence gets
// it SIGKILLed.
#pragma once

#include <memory>
#include <string>

#include "change/change.h"
#include "core/duration.h"
#include "sys/fd.h"
#include "sys/process.h"

namespace squall::change {

class Holder {
 public:
  // Forks, and waits until the child holds the change or says why it cannot. Call from a process
  // with one thread only.
  static Result<Holder> start(const Kind& kind, const json::object& params,
                              const json::object& before, Duration limit);

  Holder(Holder&&) = default;
  Holder& operator=(Holder&&) = default;
  // Asks the child to let go and waits; kills it when it does not within `limit`. Idempotent.
  void release(Duration limit);
  // Reads pending heartbeats. False once the child is gone.
  bool check();
  Duration last_heartbeat() const { return last_heartbeat_; }
  const sys::ProcessId& id() const { return id_; }
  const sys::Fd& channel() const { return channel_; }
  const json::object& facts() const { return facts_; }
  // After release: what Held::finish said; empty when it said nothing or was not asked.
  const std::string& last_words() const { return last_words_; }

 private:
  Holder() = default;
  sys::ProcessId id_;
  sys::Fd pidfd_;
  sys::Fd channel_;
  Duration last_heartbeat_;
  json::object facts_;
  std::string last_words_;
};

// A heartbeat older than this means that the holder hangs.
inline constexpr Duration holder_silence_limit = seconds(1);

}  // namespace squall::change
