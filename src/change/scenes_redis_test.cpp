// Scenes of the changes of a Redis: a server of its own for each, asked by redis-cli.
#include "change/scenes_test.h"
#include "change/targets_redis_test.h"

namespace squall::change {
namespace {

class RedisScene : public Scene {
 protected:
  std::string ask(const std::vector<std::string>& words) const { return redis_.ask(words); }
  json::object place(json::object more = {}) const { return redis_.place(std::move(more)); }

 private:
  RedisServer redis_;
};

class RedisPauseScene : public RedisScene {
 public:
  Request request() override { return {"redis.pause", place()}; }
  std::string observe() override { return ask({"PING"}); }
};

class RedisSettingsScene : public RedisScene {
 public:
  Request request() override {
    const json::object settings{{"maxmemory", "1"}, {"maxclients", "77"}};
    return {"redis.settings", place({{"settings", settings}})};
  }
  std::string observe() override {
    return ask({"CONFIG", "GET", "maxmemory"}) + " " + ask({"CONFIG", "GET", "maxclients"});
  }
  void edit_as_third_party() override { ask({"CONFIG", "SET", "maxmemory", "7000000"}); }
  std::string observe_edit() override { return ask({"CONFIG", "GET", "maxmemory"}); }
};

// A list that holds a message like one of those to come.
class RedisMessagesScene : public RedisScene {
 public:
  RedisMessagesScene() { ask({"RPUSH", "jobs", "good", "[]", "good"}); }
  Request request() override {
    return {"redis.messages",
            place({{"list", "jobs"}, {"messages", 3}, {"families", json::array{"types"}}})};
  }
  std::string observe() override { return ask({"LRANGE", "jobs", "0", "-1"}); }
};

template <class S>
SceneMaker redis_maker(std::string name, std::string kind, Traits traits = {}) {
  return {std::move(name), std::move(kind), traits, []() -> std::unique_ptr<Scene> {
            if (!RedisServer::is_possible()) return nullptr;
            return std::make_unique<S>();
          }};
}

}  // namespace

std::vector<SceneMaker> redis_scenes() {
  return {
      redis_maker<RedisMessagesScene>("redis_messages", "redis.messages"),
      redis_maker<RedisPauseScene>("redis_pause", "redis.pause"),
      redis_maker<RedisSettingsScene>("redis_settings", "redis.settings", {.is_editable = true}),
  };
}

}  // namespace squall::change
