// Scenes of a PostgreSQL: sessions that take places, hold a lock or work, and a client that is cut
// off. The server is one for the whole program, since a scene is made hundreds of times; it is
// asked by psql.
#include <cstdlib>
#include <optional>

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include "change/scenes_test.h"
#include "core/check.h"
#include "sys/clock.h"
#include "sys/private_postgres_test.h"
#include "sys/test_props.h"

namespace squall::change {
namespace {

enum class Work { idle, lock, busy };

template <Work work>
class SessionsScene : public Scene {
 public:
  SessionsScene() { server_.ask("CREATE TABLE IF NOT EXISTS orders (id int)"); }
  Request request() override {
    constexpr std::string_view words[] = {"idle", "lock", "busy"};
    return {"postgres.sessions",
            {{"port", server_.port()},
             {"sessions", work == Work::idle ? 3 : 1},
             {"work", words[static_cast<int>(work)]},
             {"relation", work == Work::lock ? "orders" : ""}}};
  }
  // Its sessions, and who holds the table.
  std::string observe() override {
    return server_.ask(
        "SELECT (SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'squall-%'),"
        " (SELECT count(*) FROM pg_locks WHERE relation = 'orders'::regclass)");
  }

 private:
  sys::PrivatePostgres& server_ = *sys::PrivatePostgres::only();
};

// A client that is connected, and would stay.
class DropScene : public Scene {
 public:
  DropScene() {
    client_.emplace([this] {
      std::vector<std::string> words = server_.psql("SELECT pg_sleep(60)");
      std::vector<char*> arguments;
      for (std::string& word : words) arguments.push_back(word.data());
      arguments.push_back(nullptr);
      ::setenv("PGAPPNAME", "victim", 1);
      // So that the server notices when this scene is over.
      ::setenv("PGOPTIONS", "-c client_connection_check_interval=20", 1);
      const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
      for (const int fd : {0, 1, 2}) ::dup2(nothing, fd);
      ::execv(arguments[0], arguments.data());
    });
    const Duration deadline = sys::monotonic_now() + seconds(20);
    while (observe() != "1" && sys::monotonic_now() < deadline) {
    }
    CHECK(observe() == "1", "a client connects");
  }
  Request request() override {
    return {"postgres.drop", {{"port", server_.port()}, {"of_application", "victim"}}};
  }
  std::string observe() override {
    return server_.ask("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'victim'");
  }

 private:
  sys::PrivatePostgres& server_ = *sys::PrivatePostgres::only();
  std::optional<sys::Child> client_;
};

template <class S>
SceneMaker postgres_maker(std::string name, std::string kind) {
  return {std::move(name), std::move(kind), {}, []() -> std::unique_ptr<Scene> {
            if (sys::PrivatePostgres::only() == nullptr) return nullptr;
            return std::make_unique<S>();
          }};
}

}  // namespace

std::vector<SceneMaker> postgres_scenes() {
  return {
      postgres_maker<DropScene>("postgres_drop", "postgres.drop"),
      postgres_maker<SessionsScene<Work::idle>>("postgres_sessions", "postgres.sessions"),
      postgres_maker<SessionsScene<Work::lock>>("postgres_sessions_lock", "postgres.sessions"),
      postgres_maker<SessionsScene<Work::busy>>("postgres_sessions_busy", "postgres.sessions"),
  };
}

}  // namespace squall::change
