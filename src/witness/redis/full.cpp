// redis.full: sees whether a Redis refuses writes because its memory is full, as a client feels it.
//
// It asks for LPUSHX to a list that does not exist: a command that needs memory and is refused with
// OOM like any other, and that writes nothing when it is carried out. Which limit is set, and by
// whom, it does not ask.
#include <fmt/core.h>

#include "core/text.h"
#include "net/redis.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

struct Target : param::ServicePlace {};

const param::Table<Target> table{param::with_place<Target>({})};

constexpr Duration answer_limit = seconds(1);

class Full final : public Witness {
 public:
  Full(const Target& target, net::Redis redis) : target_(target), redis_(std::move(redis)) {}

  Result<Sighting> look() override {
    sys::Patience patience(answer_limit);
    Result<net::RedisReply> reply = ask(patience);
    if (!reply.ok()) {  // perhaps only this connection is gone
      redis_ = TRY(net::open_redis(target_, patience));
      reply = ask(patience);
    }
    if (!reply.ok()) return reply.error();
    const bool on = reply->is_failure() && reply->text.starts_with("OOM ");
    return Sighting{.on = on,
                    .dose = on ? 1.0 : 0.0,
                    .detail = reply->is_failure() ? printable(reply->text) : "writes are taken"};
  }

 private:
  Result<net::RedisReply> ask(sys::Patience& patience) {
    return redis_.call({"LPUSHX", "squall:witness", "x"}, patience);
  }

  Target target_;
  net::Redis redis_;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  sys::Patience patience(answer_limit);
  net::Redis redis = TRY(net::open_redis(target, patience));
  return std::make_unique<Full>(target, std::move(redis));
}

}  // namespace

extern const Kind kind_redis_full;
const Kind kind_redis_full = kind_of<Target>({
    .name = "redis.full",
    .about = "Whether a Redis refuses writes for want of memory, told by asking for one.",
    .dose_unit = "refused writes",
    .every = milliseconds(5),
    .comes_and_goes = true,
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
