// Every verb of squall-reach, one line each.
#include "reach/reach.h"

namespace squall::reach {

extern const Verb verb_container_act;
extern const Verb verb_container_show;
extern const Verb verb_disk_overlay;
extern const Verb verb_postgres_look;
extern const Verb verb_postgres_sessions;
extern const Verb verb_postgres_terminate;
extern const Verb verb_redis_await;
extern const Verb verb_redis_count_messages;
extern const Verb verb_redis_pause;
extern const Verb verb_redis_push_messages;
extern const Verb verb_redis_read_settings;
extern const Verb verb_redis_remove_messages;
extern const Verb verb_redis_write_settings;
extern const Verb verb_service_act;
extern const Verb verb_service_show;
extern const Verb verb_traffic_flood;

const Catalogue& catalogue() {
  // One a line, so that two additions do not collide.
  // clang-format off
  static const Catalogue verbs = {
      &verb_container_act,
      &verb_container_show,
      &verb_disk_overlay,
      &verb_postgres_look,
      &verb_postgres_sessions,
      &verb_postgres_terminate,
      &verb_redis_await,
      &verb_redis_count_messages,
      &verb_redis_pause,
      &verb_redis_push_messages,
      &verb_redis_read_settings,
      &verb_redis_remove_messages,
      &verb_redis_write_settings,
      &verb_service_act,
      &verb_service_show,
      &verb_traffic_flood,
  };
  // clang-format on
  return verbs;
}

}  // namespace squall::reach
