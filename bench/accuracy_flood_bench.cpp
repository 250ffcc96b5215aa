// Accuracy of floods: what was asked for against what arrived, by the count of the server that was
// flooded, and how much of them there can be beside wrk in the same run.
//
// The servers are real (nginx, Redis, NATS), on loopback, and the flood is the change that a run
// would make. The rate is taken between two readings of the server's own counter. wrk has no rate:
// it asks again as soon as it was answered, so the two are compared by the most that each gets
// through the same nginx over as many connections, in turns.
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <optional>
#include <thread>

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "change/holder.h"
#include "core/text.h"
#include "measure.h"
#include "net/http_client.h"
#include "net/redis.h"
#include "sys/clock.h"
#include "sys/command.h"
#include "sys/file.h"
#include "sys/test_props.h"

namespace squall::bench {
namespace {

constexpr Duration warm_up = milliseconds(300);
constexpr Duration measured_time = seconds(2);
constexpr Duration patient = seconds(10);
constexpr double goal = 0.02;
constexpr int peer_connections = 16;
constexpr int peer_turns = 2;
const std::vector<int> rates{100, 1000, 10'000};

std::uint16_t free_port() {
  const sys::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* where = reinterpret_cast<sockaddr*>(&address);
  CHECK(::bind(socket.get(), where, length) == 0, "a free port");
  CHECK(::getsockname(socket.get(), where, &length) == 0, "a port");
  return ntohs(address.sin_port);
}

// Behind `name` in a text that a server says about itself.
std::optional<double> number_behind(std::string_view text, std::string_view name) {
  const std::size_t at = text.find(name);
  if (at == std::string_view::npos) return std::nullopt;
  const char* begin = text.data() + at + name.size();
  while (begin < text.data() + text.size() && (*begin == ' ' || *begin == ':')) ++begin;
  double number = 0;
  if (std::from_chars(begin, text.data() + text.size(), number).ec != std::errc()) return {};
  return number;
}

// The body of the page of a server that talks HTTP, which it says about itself.
std::string page_of(std::uint16_t port, const std::string& target) {
  sys::Patience patience(seconds(2));
  const auto answer =
      net::exchange({.url = {.host = "127.0.0.1", .port = port, .target = target}}, patience);
  return answer.ok() ? answer->body : "";
}

// A server of our own that is flooded.
struct Server {
  std::string what;      // "http.flood of nginx"
  std::string protocol;  // of traffic.flood
  std::uint16_t port = 0;
  json::object say;
  std::function<std::optional<double>()> count;  // how many it got so far
  double asking_counts = 0;                      // how many of them a reading adds
  std::unique_ptr<sys::Child> process;
};

Server start_redis(const sys::ScratchFolder& folder) {
  const std::uint16_t port = free_port();
  Server server{.what = "queue.flood of a Redis list", .protocol = "redis", .port = port};
  server.say = {{"list", "jobs"}, {"message", R"({"id": 1, "from": "squall"})"}};
  server.count = [port]() -> std::optional<double> {
    sys::Patience patience(seconds(2));
    auto redis = net::Redis::open({.endpoint = {.host = "127.0.0.1", .port = port}}, patience);
    if (!redis.ok()) return std::nullopt;
    const auto info = redis->demand({"INFO", "commandstats"}, patience);
    if (!info.ok()) return std::nullopt;
    return number_behind(info->text, "cmdstat_rpush:calls=").value_or(0);
  };
  server.process = std::make_unique<sys::Child>(
      "/usr/bin/redis-server",
      std::vector<std::string>{"redis-server", "--port", std::to_string(port), "--bind",
                               "127.0.0.1", "--save", "", "--dir", folder.path(), "--logfile",
                               "redis.log"});
  return server;
}

Server start_nats(const sys::ScratchFolder& folder) {
  const std::uint16_t port = free_port();
  const std::uint16_t page = free_port();
  Server server{.what = "queue.flood of a NATS subject", .protocol = "nats", .port = port};
  server.say = {{"subject", "jobs"}, {"message", R"({"id": 1, "from": "squall"})"}};
  server.count = [page] { return number_behind(page_of(page, "/varz"), "\"in_msgs\""); };
  server.process = std::make_unique<sys::Child>(
      "/usr/sbin/nats-server",
      std::vector<std::string>{"nats-server", "-a", "127.0.0.1", "-p", std::to_string(port), "-m",
                               std::to_string(page), "-l", folder / "nats.log"});
  return server;
}

Server start_nginx(const sys::ScratchFolder& folder) {
  const std::uint16_t port = free_port();
  const std::string configuration = fmt::format(
      "daemon off; master_process off; pid {0}/nginx.pid; error_log {0}/nginx.log;\n"
      "events {{ worker_connections 1024; }}\n"
      "http {{ access_log off; keepalive_requests 100000000; client_body_temp_path {0}/body;\n"
      "  proxy_temp_path {0}/proxy; fastcgi_temp_path {0}/fastcgi; scgi_temp_path {0}/scgi;\n"
      "  uwsgi_temp_path {0}/uwsgi;\n"
      "  server {{ listen 127.0.0.1:{1}; location = /status {{ stub_status; }}\n"
      "    location / {{ return 200 \"hello\"; }} }} }}\n",
      folder.path(), port);
  CHECK(sys::write_file_durably(folder / "nginx.conf", configuration, 0644).ok(), "a file");
  Server server{.what = "http.flood of nginx", .protocol = "http", .port = port};
  server.say = {{"method", "GET"}, {"target", "/"}};
  server.asking_counts = 1;
  // "server accepts handled requests\n 3 3 17"
  server.count = [port]() -> std::optional<double> {
    const std::string page = page_of(port, "/status");
    std::vector<std::string> lines = split(page, '\n');
    if (lines.size() < 3) return std::nullopt;
    return number_behind(lines[2], lines[2].substr(0, lines[2].rfind(' ', lines[2].size() - 2)));
  };
  server.process = std::make_unique<sys::Child>(
      "/usr/sbin/nginx",
      std::vector<std::string>{"nginx", "-c", folder / "nginx.conf", "-e", folder / "nginx.log"});
  return server;
}

bool comes_up(const Server& server) {
  const Duration deadline = sys::monotonic_now() + patient;
  while (sys::monotonic_now() < deadline) {
    if (server.count().has_value()) return true;
    sys::sleep_until(sys::monotonic_now() + milliseconds(20));
  }
  return false;
}

struct Delivered {
  double rate = 0;  // a second
  std::string words;
};

Delivered flood(const Server& server, double rate, int connections) {
  const change::Kind& kind = *change::find(change::catalogue(), "traffic.flood");
  auto holder = change::Holder::start(kind,
                                      {{"protocol", server.protocol},
                                       {"host", "127.0.0.1"},
                                       {"port", server.port},
                                       {"rate", render(Rate{rate})},
                                       {"connections", connections},
                                       {"count", 100'000'000},
                                       {"say", server.say}},
                                      {{"namespace", ""}}, seconds(5));
  if (!holder.ok()) return {.words = holder.error().render()};
  sys::sleep_until(sys::monotonic_now() + warm_up);
  // A reading is true for some instant of its asking; the middle is the best guess.
  const auto read = [&] {
    const Duration before = sys::monotonic_now();
    const double count = server.count().value_or(-1);
    return std::pair((before.seconds() + sys::monotonic_now().seconds()) / 2, count);
  };
  const auto [began, first] = read();
  sys::sleep_until(sys::monotonic_now() + measured_time);
  const auto [ended, last] = read();
  holder->release(seconds(3));
  return {(last - first - server.asking_counts) / (ended - began), holder->last_words()};
}

// "sent late by 99 % 0.3 ms" of what the flood says at its end.
std::string lateness_in(const std::string& words) {
  const std::string_view name = "sent late by 99 % ";
  const std::size_t at = words.find(name);
  if (at == std::string::npos) return "not told";
  const std::size_t begin = at + name.size();
  return "99 % sent within " + words.substr(begin, words.find(';', begin) - begin);
}

Accuracy row_for(const Server& server, int asked) {
  const Delivered delivered = flood(server, asked, asked >= 1000 ? 32 : 4);
  const double off = delivered.rate / asked - 1;
  return {.what = server.what,
          .asked = fmt::format("{} /s", asked),
          .delivered = fmt::format("{:.1f} /s ({:+.2f} %)", delivered.rate, 100 * off),
          .deviation = lateness_in(delivered.words),
          .goal = "within 2 %",
          .is_reached = std::abs(off) <= goal,
          .note = "by the server's own count over 2 s"};
}

// Requests a second, as wrk says it; nothing where it cannot be run.
std::optional<double> most_by_wrk(const Server& nginx) {
  sys::Patience patience(patient);
  const auto result =
      sys::run_command({.argv = {"wrk", "-t", std::to_string(std::thread::hardware_concurrency()),
                                 "-c", std::to_string(peer_connections), "-d", "2s",
                                 fmt::format("http://127.0.0.1:{}/", nginx.port)}},
                       patience);
  if (!result.ok()) return std::nullopt;
  return number_behind(result->output, "Requests/sec");
}

Accuracy row_beside_wrk(const Server& nginx) {
  Samples ours;
  Samples theirs;
  for (int turn = 0; turn < peer_turns; ++turn) {
    if (const std::optional<double> most = most_by_wrk(nginx)) theirs.push_back(*most);
    ours.push_back(flood(nginx, 1e6, peer_connections).rate);
  }
  Accuracy row{.what = "http.flood of nginx, 16 connections",
               .asked = "all it can",
               .delivered = fmt::format("{:.0f} /s", quantile(ours, 0.5)),
               .goal = "beside wrk"};
  if (theirs.empty()) {
    row.note = "wrk is not installed";
    return row;
  }
  row.note = fmt::format("wrk: {:.0f} /s; ratio {:.2f}", quantile(theirs, 0.5),
                         quantile(ours, 0.5) / quantile(theirs, 0.5));
  return row;
}

}  // namespace

std::vector<Accuracy> bench_flood_accuracy() {
  std::vector<Accuracy> rows;
  const sys::ScratchFolder folder;
  for (const auto start : {start_nginx, start_redis, start_nats}) {
    const Server server = start(folder);
    if (!comes_up(server)) {
      rows.push_back({.what = server.what, .is_reached = false, .note = "it does not come up"});
      continue;
    }
    for (const int asked : rates) rows.push_back(row_for(server, asked));
    if (server.protocol == "http") rows.push_back(row_beside_wrk(server));
  }
  return rows;
}

}  // namespace squall::bench
