// redis.await: waits until a Redis answers a PING, or until the limit is over.
#include "reach/redis/place.h"
#include "reach/typed.h"

namespace squall::reach {
namespace {

struct Await : RedisPlace {
  Duration limit = milliseconds(500);
};

const param::Table<Await> table{param::with_place<Await>({
    param::field("limit", &Await::limit, {.about = "How long to wait.", .required = true}),
})};

Result<json::object> await(const Await& params) {
  sys::Patience patience(params.limit);
  net::Redis redis = TRY(net::open_redis(params, patience));
  TRY_VOID(redis.call({"PING"}, patience));
  return json::object{};
}

}  // namespace

extern const Verb verb_redis_await;
const Verb verb_redis_await = {
    .name = "redis.await",
    .about = "waits until a Redis answers",
    .table = &table,
    .call = call_with<table, await>,
};

}  // namespace squall::reach
