// redis.fed: sees whether many more messages are pushed to the lists of a Redis than before.
//
// It reads the server's own count of the pushes it has carried out (INFO commandstats), over a
// connection of its own. That goes on counting when consumers take the messages out as fast as they
// come, which the length of a list would not show. It counts pushes to all lists together.
#include <charconv>
#include <memory>

#include <fmt/core.h>

#include "net/redis.h"
#include "witness/arrival_meter.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

struct Target : param::ServicePlace {
  Rate rate;
};

const param::Table<Target> table{param::with_place<Target>({
    param::field(
        "rate", &Target::rate,
        {.about = "How many messages should come on top.", .required = true, .min = Rate{0.1}}),
})};

constexpr Duration answer_limit = seconds(1);

// Behind "calls=" in "calls=17,usec=3,...,rejected_calls=0,failed_calls=0".
std::uint64_t calls_in(std::string_view text) {
  constexpr std::string_view name = "calls=";
  if (!text.starts_with(name)) return 0;
  std::uint64_t calls = 0;
  std::from_chars(text.data() + name.size(), text.data() + text.size(), calls);
  return calls;
}

// One connection, opened anew when it was lost.
class Pushes {
 public:
  Pushes(Target target, net::Redis redis) : target_(std::move(target)), redis_(std::move(redis)) {}

  Result<std::uint64_t> count() {
    sys::Patience patience(answer_limit);
    Result<net::RedisReply> reply = redis_.demand({"INFO", "commandstats"}, patience);
    if (!reply.ok()) {
      redis_ = TRY(net::open_redis(target_, patience));
      reply = redis_.demand({"INFO", "commandstats"}, patience);
    }
    if (!reply.ok()) return reply.error();
    std::uint64_t pushes = 0;
    for (const std::string_view command : {"rpush", "lpush", "rpushx", "lpushx", "xadd"}) {
      pushes += calls_in(net::redis_info(reply->text, fmt::format("cmdstat_{}", command)));
    }
    return pushes;
  }

 private:
  Target target_;
  net::Redis redis_;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  sys::Patience patience(answer_limit);
  const auto pushes = std::make_shared<Pushes>(target, TRY(net::open_redis(target, patience)));
  return watch_arrivals(target.rate, "messages", [pushes] { return pushes->count(); });
}

}  // namespace

extern const Kind kind_redis_fed;
const Kind kind_redis_fed = kind_of<Target>({
    .name = "redis.fed",
    .about = "Whether more messages are pushed than before, told by the server's own count.",
    .dose_unit = "messages a second",
    .every = arrivals_every,
    .comes_and_goes = true,
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
