// Round trips to an endpoint as a client feels them: several connections at once (or datagrams,
// each by a socket of its own), each opened, timed and hung up by a reset so that no port stays
// occupied. Never ping: echo packets may pass where connections do not, and their times are taken
// elsewhere.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/duration.h"
#include "core/result.h"
#include "net/resolver.h"
#include "sys/fd.h"
#include "witness/endpoint.h"

namespace squall::witness {

class Callers {
 public:
  // Whether a port that refuses connections answers too: its refusal is a round trip.
  enum class Refusal { is_a_problem, counts };
  static Result<Callers> open(const Endpoint& endpoint, Refusal refusal = Refusal::is_a_problem);

  struct Call {
    bool is_answered = false;
    Duration took;    // until the answer, or all that was waited
    int problem = 0;  // errno, when it was refused
  };
  // All begin at once; returns when all are answered or `wait` is over.
  Result<std::vector<Call>> call(std::size_t count, Duration wait) const;

  // "127.0.0.1:80"
  std::string name() const { return net::describe(address_); }

 private:
  struct Open;
  Callers(Endpoint endpoint, Refusal refusal, net::Address address, std::optional<sys::Fd> inside)
      : endpoint_(std::move(endpoint)),
        refusal_(refusal),
        address_(address),
        inside_(std::move(inside)) {}
  Result<Open> begin() const;
  void settle(Open& one, Call& call) const;

  Endpoint endpoint_;
  Refusal refusal_;
  net::Address address_;
  std::optional<sys::Fd> inside_;
};

// The middle of the times of those that were answered; nullopt when fewer than half were.
std::optional<Duration> median_of(std::vector<Callers::Call> calls);

}  // namespace squall::witness
