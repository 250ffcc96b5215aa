// redis.silent: sees whether a Redis stops to answer, as a client feels it.
//
// Each look is a connection of its own that asks one thing and waits. What a held back command
// looks like is told apart from a slow answer by time: at the start Redis must answer, and at least
// four times that long (50 ms at the least) is waited for later answers. Asking to write is done by
// LPUSHX to a list that does not exist, which writes nothing.
#include <algorithm>

#include <fmt/core.h>

#include "core/text.h"
#include "net/redis.h"
#include "sys/clock.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

enum class Mode { all, write };

struct Target : param::ServicePlace {
  Mode mode = Mode::all;
};

const param::Table<Target> table{param::with_place<Target>({
    param::choice("mode", &Target::mode, {{"all", Mode::all}, {"write", Mode::write}},
                  "Whether any command is asked for, or one that could write."),
})};

constexpr Duration shortest_wait = milliseconds(50);
constexpr Duration opening_wait = seconds(2);
constexpr int opening_attempts = 3;

class Silent final : public Witness {
 public:
  explicit Silent(const Target& target) : target_(target) {}

  Result<Sighting> look() override {
    const Duration begun = sys::monotonic_now();
    const Result<bool> answered = ask(wait_);
    const Duration took = sys::monotonic_now() - begun;
    if (!answered.ok()) return answered.error();
    if (*answered) {
      return Sighting{.detail = fmt::format("answered after {}", render_rounded(took))};
    }
    // Silence speaks of the instant when the command was sent, not of the waiting after it.
    return Sighting{.on = true,
                    .dose = 1,
                    .detail = fmt::format("no answer within {}", render_rounded(took)),
                    .oldest = took,
                    .newest = std::max(took - round_trip_, Duration{})};
  }

  Status settle() {
    for (int i = 0; i < opening_attempts; ++i) {
      const Duration begun = sys::monotonic_now();
      if (!TRY(ask(opening_wait))) {
        return error(Code::not_found,
                     fmt::format("the Redis at {}:{} does not answer before the fault",
                                 printable(target_.host), target_.port),
                     "name one that works");
      }
      round_trip_ = std::max(round_trip_, sys::monotonic_now() - begun);
    }
    wait_ = std::max(shortest_wait, round_trip_ * 4);
    return ok();
  }

 private:
  // False: connected, asked, and nothing came.
  Result<bool> ask(Duration limit) const {
    sys::Patience patience(limit);
    // Without logging in, which would be held back as well: that a login is wanted is an answer.
    net::Redis redis =
        TRY(net::Redis::open({.endpoint = {.host = target_.host,
                                           .port = static_cast<int>(target_.port),
                                           .network_namespace = target_.network_namespace}},
                             patience));
    if (target_.mode == Mode::write && !target_.password.reference.empty()) {
      redis = TRY(net::open_redis(target_, patience));
    }
    const Result<net::RedisReply> reply =
        target_.mode == Mode::all ? redis.call({"PING"}, patience)
                                  : redis.call({"LPUSHX", "squall:witness", "x"}, patience);
    if (reply.ok()) return true;
    if (reply.error().code == Code::timed_out) return false;
    return reply.error();
  }

  Target target_;
  Duration round_trip_;
  Duration wait_;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  auto witness = std::make_unique<Silent>(target);
  TRY_VOID(witness->settle());
  return witness;
}

}  // namespace

extern const Kind kind_redis_silent;
const Kind kind_redis_silent = kind_of<Target>({
    .name = "redis.silent",
    .about = "Whether a Redis that takes connections stops to answer, told by asking it.",
    .dose_unit = "unanswered commands",
    .every = milliseconds(5),
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
