// What every verb for Redis takes.
#pragma once

#include "net/redis.h"
#include "param/service_place.h"

namespace squall::reach {

struct RedisPlace : param::ServicePlace {
  RedisPlace() { port = 6379; }
};

}  // namespace squall::reach
