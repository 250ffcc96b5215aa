// What a proxy tells of its decisions, to readers and into a file.
#include "proxy/events.h"

#include <thread>

#include "core/text.h"
#include "proxy/api.h"
#include "proxy/decision_log.h"
#include "proxy/sockets_test.h"
#include "sys/file.h"

namespace squall::proxy {
namespace {

TEST(Events, ReachEveryReaderAndNobodyElse) {
  Events events;
  EXPECT_FALSE(events.has_readers());
  events.tell({{"event", "unheard"}});
  const auto one = events.read();
  int woken = 0;
  one->on_ready([&] { ++woken; });
  {
    const auto two = events.read();
    events.tell({{"event", "x"}});
    EXPECT_NE(two->take().find("\"event\":\"x\"}\n"), std::string::npos);
  }
  events.tell({{"event", "y"}});
  EXPECT_EQ(woken, 1) << "what is there already needs no second call";
  const std::string lines = one->take();
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 2) << lines;
  EXPECT_TRUE(lines.starts_with("{\"time_ms\":")) << lines;
  EXPECT_EQ(one->take(), "");
}

TEST(Events, AReaderThatIsTooSlowIsToldWhatItMissedAndEnds) {
  Events events;
  const auto slow = events.read();
  const std::string text(1000, 'x');
  constexpr int told = 3000;  // some 3 MB
  for (int i = 0; i < told; ++i) events.tell({{"event", text}, {"number", i}});
  EXPECT_FALSE(slow->is_over());
  const std::string lines = slow->take();
  EXPECT_TRUE(slow->is_over());
  EXPECT_LT(lines.size(), Events::pending_max + 1000);
  const auto kept = std::count(lines.begin(), lines.end(), '\n') - 1;
  EXPECT_GT(kept, 900);
  EXPECT_TRUE(lines.ends_with(
      fmt::format("{{\"event\":\"reader_too_slow\",\"missed\":{}}}\n", told - kept)))
      << lines.substr(lines.size() - 100);
  events.tell({{"event", "late"}});
  EXPECT_EQ(slow->take(), "");
}

// An interface with one proxy, called db.
struct Running {
  explicit Running(std::uint64_t seed)
      : loops(Loops::start(1).value()), api(*loops, {.seed = seed}) {
    const net::HttpAnswer made = post(
        "/proxies",
        fmt::format(R"({{"name":"db","listen":"127.0.0.1:0","upstream":"{}"}})", upstream.place()));
    listen = text_at(parse_json(made.body).value().as_object(), "listen");
  }
  net::HttpAnswer post(std::string path, std::string body) {
    return api.answer({.method = "POST", .path = std::move(path), .body = std::move(body)});
  }

  Upstream upstream;
  std::unique_ptr<Loops> loops;
  Api api;
  std::string listen;
};

// The decisions on a hundred connections with a toxic that acts on half of them.
std::string decisions_with(std::uint64_t seed) {
  Running running(seed);
  const auto reader = running.api.events()->read();
  running.post("/proxies/db/toxics", R"({"type":"latency","toxicity":0.5})");
  for (int i = 0; i < 100; ++i) {
    const sys::Fd client = connect_to(running.listen);
    const sys::Fd server = running.upstream.accept();
    send_text(client, "x");
    EXPECT_EQ(receive(server, 1), "x");
  }
  std::string acts;
  for (const std::string& line : split(reader->take(), '\n')) {
    if (line.empty()) continue;
    const json::object event = parse_json(line).value().as_object();
    if (text_at(event, "event") != "connection") continue;
    EXPECT_EQ(text_at(event, "toxic"), "latency_downstream");
    EXPECT_EQ(integer_at(event, "connection"), static_cast<std::int64_t>(acts.size()));
    acts += bool_at(event, "acts") ? 'x' : '.';
  }
  return acts;
}

TEST(Decisions, AreTheSameForTheSameSeedAHundredOfAHundred) {
  const std::string once = decisions_with(11);
  EXPECT_EQ(once.size(), 100u);
  EXPECT_EQ(once, decisions_with(11));
  EXPECT_NE(once, decisions_with(12));
  EXPECT_GT(std::count(once.begin(), once.end(), 'x'), 25);
  EXPECT_LT(std::count(once.begin(), once.end(), 'x'), 75);
}

TEST(EventStream, TellsARealClientWhatHappensAsItHappens) {
  Running running(5);
  const Result<net::Address> anywhere = listen_address("127.0.0.1:0");
  const auto server = net::HttpServer::listen(*anywhere, [&](const net::HttpCall& call) {
                        return running.api.answer(call);
                      }).value();
  const std::jthread thread([&](std::stop_token stop) { EXPECT_TRUE(server->serve(stop).ok()); });
  const sys::Fd reader = connect_to(server->place());
  send_text(reader, "GET /squall/events HTTP/1.1\r\nHost: x\r\n\r\n");
  std::string seen;
  const auto sees = [&](std::string_view text) {
    while (seen.find(text) == std::string::npos && becomes_ready(reader, POLLIN)) {
      const std::string byte = receive(reader, 1);
      if (byte.empty()) return false;
      seen += byte;
    }
    return seen.find(text) != std::string::npos;
  };
  EXPECT_TRUE(sees("{\"event\":\"begin\",\"seed\":5}\n"));
  const sys::Fd caller = connect_to(server->place());
  const std::string body = R"({"type":"timeout"})";
  send_text(caller, fmt::format("POST /proxies/db/toxics HTTP/1.1\r\nHost: x\r\n"
                                "Content-Length: {}\r\n\r\n{}",
                                body.size(), body));
  EXPECT_TRUE(sees("\"event\":\"toxic\",\"proxy\":\"db\",\"what\":\"added\""));
  EXPECT_NE(receive(caller, 12), "");
  const sys::Fd client = connect_to(running.listen);
  EXPECT_TRUE(
      sees("\"event\":\"connection\",\"proxy\":\"db\",\"connection\":0,"
           "\"toxic\":\"timeout_downstream\""))
      << seen;
}

TEST(DecisionLog, KeepsEveryEventInItsOrder) {
  const std::string path = testing::TempDir() + "decisions." + std::to_string(::getpid());
  {
    const auto events = std::make_shared<Events>();
    const auto log = DecisionLog::open(path, events, [](const Error& why) {
                       ADD_FAILURE() << why.render();
                     }).value();
    for (int i = 0; i < 500; ++i) events->tell({{"event", "x"}, {"number", i}});
  }
  const std::vector<std::string> lines = split(sys::read_file(path, 1 << 20).value(), '\n');
  ::unlink(path.c_str());
  ASSERT_EQ(lines.size(), 501u);
  for (std::size_t i = 0; i < 500; ++i) {
    EXPECT_EQ(integer_at(parse_json(lines[i]).value().as_object(), "number"),
              static_cast<std::int64_t>(i));
  }
}

TEST(DecisionLog, SaysThatItsFileCannotBeWritten) {
  EXPECT_FALSE(DecisionLog::open("/nonexistent/x", std::make_shared<Events>(), {}).ok());
  const auto events = std::make_shared<Events>();
  std::atomic<bool> has_failed = false;
  const auto log =
      DecisionLog::open("/dev/full", events, [&](const Error&) { has_failed = true; }).value();
  events->tell({{"event", "x"}});
  EXPECT_TRUE(becomes_true([&] { return has_failed.load(); }));
}

}  // namespace
}  // namespace squall::proxy
