// redis.pause: serves a pause of a whole Redis, in pieces that lapse by themselves.
//
// CLIENT PAUSE is given for 20 ms only, and always twice ahead on one connection. While all clients
// are paused Redis holds back every command, the next CLIENT PAUSE too; it was sent in the same
// packet as the one before, so it is the first that was held back, and when the piece is over the
// first that is carried out. The others behind it are held back again: the pause has no gap. When
// the connection closes, by whatever this process ended, Redis drops the command that waits, and
// goes on when the last piece has lapsed, at its next clock tick (`hz`, a tenth of a second unless
// set otherwise). Nothing else is relied on.
//
// An orderly end need not wait for that tick: it says CLIENT UNPAUSE (Redis 6.2) over a second
// connection. That would be held back like everything else, were it not for MONITOR: Redis takes a
// connection that monitors for one of a replica, and replicas are never paused. While all commands
// are held back there is nothing to monitor. Only writes paused (mode write) works the same way,
// but takes UNPAUSE from anybody, so that no monitor has to hear the reads.
#include <atomic>
#include <optional>
#include <thread>

#include <fmt/core.h>

#include "core/text.h"
#include "reach/redis/place.h"
#include "reach/typed.h"
#include "sys/clock.h"

namespace squall::reach {
namespace {

struct Pause : RedisPlace {
  std::string mode = "ALL";
};

const param::Table<Pause> table{param::with_place<Pause>({
    param::field("mode", &Pause::mode, {.about = "ALL or WRITE.", .required = true}),
})};

constexpr Duration opening_limit = milliseconds(1500);
// A tick of Redis' clock is a second at most.
constexpr Duration answer_limit = seconds(3);
constexpr Duration ending_limit = milliseconds(200);
constexpr std::string_view piece_ms = "20";

class Pausing final : public Serving {
 public:
  Pausing(net::Redis redis, std::string command, std::optional<net::Redis> ending)
      : redis_(std::move(redis)), command_(std::move(command)), ending_(std::move(ending)) {
    thread_ = std::jthread([this](const std::stop_token& stop) { renew(stop); });
  }
  // The pause that waits in the server must go first, or it would begin once more.
  ~Pausing() override {
    thread_.request_stop();
    thread_.join();
    redis_.reset();
    if (!ending_) return;
    sys::Patience patience(ending_limit);
    if (!ending_->send(net::redis_command({"CLIENT", "UNPAUSE"}), patience).ok()) return;
    // Before the answer may come what was heard by monitoring.
    Result<net::RedisReply> reply = ending_->receive(patience);
    while (reply.ok() && reply->text != "OK" && !reply->is_failure()) {
      reply = ending_->receive(patience);
    }
  }
  Pausing(const Pausing&) = delete;
  Pausing& operator=(const Pausing&) = delete;

  bool is_intact() override { return is_intact_; }

 private:
  // Each answer says that another piece has begun; one more is then sent ahead.
  void renew(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      sys::Patience patience(answer_limit, stop);
      const Result<net::RedisReply> reply = redis_->receive(patience);
      if (!reply.ok() || reply->is_failure() || !redis_->send(command_, patience).ok()) {
        is_intact_ = stop.stop_requested();
        return;
      }
    }
  }

  std::optional<net::Redis> redis_;
  std::string command_;
  std::optional<net::Redis> ending_;
  std::atomic<bool> is_intact_{true};
  std::jthread thread_;  // last: it uses the members above
};

// What an orderly end is said over; none where the user may not monitor.
std::optional<net::Redis> open_ending(const Pause& pause, sys::Patience& patience) {
  Result<net::Redis> redis = net::open_redis(pause, patience);
  if (!redis.ok()) return std::nullopt;
  if (pause.mode == "ALL" && !redis->demand({"MONITOR"}, patience).ok()) return std::nullopt;
  return std::move(*redis);
}

Result<std::unique_ptr<Serving>> serve(const Pause& pause) {
  sys::Patience patience(opening_limit);
  net::Redis redis = TRY(net::open_redis(pause, patience));
  const std::string command =
      net::redis_command({"CLIENT", "PAUSE", std::string(piece_ms), pause.mode});
  std::optional<net::Redis> ending = open_ending(pause, patience);
  TRY_VOID(redis.send(command + command, patience));
  const net::RedisReply first = TRY(redis.receive(patience));
  if (first.is_failure()) {
    return error(Code::refused,
                 fmt::format("{} refuses CLIENT PAUSE: {}", redis.peer(), printable(first.text)),
                 "it needs Redis 3 (mode write: 6.2) and a user who may do this");
  }
  TRY_VOID(redis.send(command, patience));
  return std::make_unique<Pausing>(std::move(redis), command, std::move(ending));
}

}  // namespace

extern const Verb verb_redis_pause;
const Verb verb_redis_pause = {
    .name = "redis.pause",
    .about = "holds back every command that a Redis gets",
    .table = &table,
    .serve = serve_with<table, serve>,
};

}  // namespace squall::reach
