// redis.pause: serves a pause of a whole Redis, in pieces that lapse by themselves.
//
// CLIENT PAUSE is given for 20 ms only, and always twice ahead on one connection. While all clients
// are paused Redis holds back every command, the next CLIENT PAUSE too; it was sent in the same
// packet as the one before, so it is the first that was held back, and when the piece is over the
// first that is carried out. The others behind it are held back again: the pause has no gap. When
// the connection closes, by whatever this process ended, Redis drops the command that waits, and
// goes on when the last piece has lapsed, at its next clock tick (`hz`, a tenth of a second unless
// set otherwise). CLIENT UNPAUSE could not be used: it would be held back like everything else.
//
// Only writes paused (mode write) works the same way.
#include <atomic>
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
constexpr std::string_view piece_ms = "20";

class Pausing final : public Serving {
 public:
  Pausing(net::Redis redis, std::string command)
      : redis_(std::move(redis)), command_(std::move(command)) {
    thread_ = std::jthread([this](const std::stop_token& stop) { renew(stop); });
  }
  bool is_intact() override { return is_intact_; }

 private:
  // Each answer says that another piece has begun; one more is then sent ahead.
  void renew(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      sys::Patience patience(answer_limit, stop);
      const Result<net::RedisReply> reply = redis_.receive(patience);
      if (!reply.ok() || reply->is_failure() || !redis_.send(command_, patience).ok()) {
        is_intact_ = stop.stop_requested();
        return;
      }
    }
  }

  net::Redis redis_;
  std::string command_;
  std::atomic<bool> is_intact_{true};
  std::jthread thread_;  // last: it uses the members above
};

Result<std::unique_ptr<Serving>> serve(const Pause& pause) {
  sys::Patience patience(opening_limit);
  net::Redis redis = TRY(net::open_redis(pause, patience));
  const std::string command =
      net::redis_command({"CLIENT", "PAUSE", std::string(piece_ms), pause.mode});
  TRY_VOID(redis.send(command + command, patience));
  const net::RedisReply first = TRY(redis.receive(patience));
  if (first.is_failure()) {
    return error(Code::refused,
                 fmt::format("{} refuses CLIENT PAUSE: {}", redis.peer(), printable(first.text)),
                 "it needs Redis 3 (mode write: 6.2) and a user who may do this");
  }
  TRY_VOID(redis.send(command, patience));
  return std::make_unique<Pausing>(std::move(redis), command);
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
