// An open-loop load: requests are sent when their time has come, whether or not the earlier ones
// were answered, so that a slow target is not spared (Schroeder, Wierman, Harchol-Balter: Open
// Versus Closed, NSDI 2006).
//
// Request i is due at start + i / rate, on an absolute grid: lateness never adds up. It takes a
// free connection, or opens one, or waits for one; after `timeout` without any it is dropped and
// counted, and so long it may wait for its answer once it has one. Latency counts from the instant
// at which a request was due, so that waiting is not hidden (coordinated omission).
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/histogram.h"
#include "core/result.h"
#include "core/units.h"
#include "net/load/protocol.h"
#include "net/resolver.h"
#include "net/socket.h"

namespace squall::net {

struct LoadOrder {
  Endpoint endpoint;
  Rate rate;                      // of all threads together
  std::int64_t connections = 1;   // at most at once, and so requests under way
  std::int64_t count = 1;         // requests at most
  Duration duration;              // at most; what is under way then may still be answered
  Duration timeout = seconds(1);  // for a connection, and again for the answer
  Share invalid;                  // the part of the requests that are sent in their invalid form
  std::uint64_t seed = 0;
};

// The bounds that no order may pass.
struct LoadLimits {
  static constexpr double rate_max = 1e6;  // a second
  static constexpr std::int64_t connections_max = 10'000;
  static constexpr std::int64_t count_max = 1'000'000'000;
  static constexpr Duration duration_max = minutes(60);
  static constexpr Duration timeout_max = minutes(1);
};
// Code::invalid with the bound.
Status check_order(const LoadOrder& order);

// What became of the requests. Each that was due has exactly one fate.
struct LoadTally {
  enum Fate : std::size_t {
    accepted,
    redirected,
    rejected,
    failed,     // the first four as in LoadVerdict
    refused,    // no connection
    cut,        // the peer hung up before the answer was whole
    timed_out,  // no answer in time
    nonsense,   // the answer was none
    dropped,    // no connection was free for so long that it was given up unsent
    abandoned,  // the load was stopped before the answer came
    fates
  };
  static std::string_view name(Fate fate);

  std::int64_t due = 0;
  std::int64_t sent = 0;  // written to the kernel as a whole
  using Fates = std::array<std::int64_t, fates>;
  Fates valid{};
  std::vector<Fates> invalid;    // by the form, as in LoadProtocol::invalid_forms
  std::int64_t connections = 0;  // opened, over all the time
  Histogram latency;             // of answers, from the instant the request was due
  Histogram lateness;            // of sending
  Duration took;                 // from the first due instant to the last answer

  // Of the requests of all forms together.
  std::int64_t sum(Fate fate) const;
  std::int64_t answered() const;
  void add(const LoadTally& other);
};

class Load {
 public:
  // Opens a connection and says hello first, so that a target which is not there is an error: those
  // of net::Connection, Code::refused when the hello was rejected, Code::invalid as above. `stop`
  // ends that wait.
  static Result<std::unique_ptr<Load>> start(LoadOrder order,
                                             std::unique_ptr<LoadProtocol> protocol,
                                             std::stop_token stop = {});
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  // Requests written so far.
  std::int64_t sent() const;
  // Waits until count or duration is reached and the answers are in. Idempotent.
  const LoadTally& wait();
  // Ends it at once. request_stop() does not wait, and may be called from another thread.
  const LoadTally& stop();
  void request_stop();

 private:
  struct Worker;
  Load(LoadOrder order, std::unique_ptr<LoadProtocol> protocol);
  Status start_threads();

  LoadOrder order_;
  std::unique_ptr<LoadProtocol> protocol_;
  Address address_;
  sys::Fd namespace_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::optional<LoadTally> tally_;
};

}  // namespace squall::net
