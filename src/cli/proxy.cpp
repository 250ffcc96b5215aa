// squall proxy: the fault proxy with the interface of Toxiproxy, as a program that runs until it is
// told to end. Its flags, its defaults and its exit codes are those of the original; with a verb it
// speaks to one that runs (proxy_client.cpp).
#include <fmt/core.h>
#include <sys/resource.h>

#include "cli/commands.h"
#include "cli/interrupts.h"
#include "core/text.h"
#include "net/http_server.h"
#include "proxy/api.h"
#include "proxy/decision_log.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/random.h"

namespace squall::cli {
namespace {

struct Words {
  std::string host = "localhost";
  std::string port = "8474";
  std::string config;
  std::string decisions;
  std::optional<std::uint64_t> seed;
  std::optional<std::uint64_t> threads;
  bool has_proxy_metrics = false;
  bool has_runtime_metrics = false;
  bool shows_version = false;
};

// One line of JSON, as the original writes them.
void tell(const Console& console, std::string_view level, json::object line,
          std::string_view message) {
  json::object whole = {{"level", json::string(level)}};
  for (const auto& [key, value] : line) whole[key] = value;
  whole["message"] = json::string(message);
  console.print_line(compact_json(whole));
}

// Each connection takes two descriptors; what the host allows, a proxy may have.
void take_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// A file that cannot be used is told, and the proxy runs without it.
void take_config(proxy::Api& api, const std::string& path, const Console& console) {
  const Result<std::string> document = sys::read_file(path, 16 << 20);
  const Status taken = document.ok() ? api.populate(*document) : Status(Error(document.error()));
  if (taken.ok()) {
    tell(console, "info", {{"config", path}}, "Populated proxies from file");
  } else {
    tell(console, "error", {{"config", path}, {"error", taken.error().render()}},
         "Failed to populate proxies from file");
  }
}

Result<std::unique_ptr<net::HttpServer>> listen(const Words& words, proxy::Api& api) {
  const bool is_six = words.host.find(':') != std::string::npos;
  const std::string place = fmt::format("{}{}{}:{}", is_six ? "[" : "", printable(words.host),
                                        is_six ? "]" : "", printable(words.port));
  const net::Address address = TRY(proxy::listen_address(place));
  return net::HttpServer::listen(address,
                                 [&api](const net::HttpCall& call) { return api.answer(call); });
}

// Nothing when no file is named.
Result<std::unique_ptr<proxy::DecisionLog>> keep_decisions(const std::string& path,
                                                           const proxy::Api& api,
                                                           const Console& console) {
  if (path.empty()) return std::unique_ptr<proxy::DecisionLog>();
  return proxy::DecisionLog::open(path, api.events(), [&console](const Error& why) {
    tell(console, "error", {{"error", why.render()}}, "Decisions are not kept any more");
  });
}

int execute(const Words& words, const Context& context) {
  const Console& console = context.console;
  if (words.shows_version) {
    console.print_line(fmt::format("toxiproxy-server version {}", proxy::api_version));
    return exit_held;
  }
  const Result<std::unique_ptr<Interrupts>> interrupts =
      Interrupts::catch_all([](const std::string&, bool) {});
  if (!interrupts.ok()) return console.complain(interrupts.error());
  take_descriptors();
  const std::uint64_t seed = words.seed.value_or(sys::random_bits());
  const std::size_t threads = words.threads.value_or(proxy::Loops::usual_count());
  if (threads < 1 || threads > 256) {
    return console.complain(error(Code::invalid, "--threads is not from 1 to 256"));
  }
  const Result<std::unique_ptr<proxy::Loops>> loops = proxy::Loops::start(threads);
  if (!loops.ok()) return console.complain(loops.error());
  proxy::Api api(
      **loops, {.seed = seed, .has_metrics = words.has_proxy_metrics || words.has_runtime_metrics});
  const Result<std::unique_ptr<proxy::DecisionLog>> decisions =
      keep_decisions(words.decisions, api, console);
  if (!decisions.ok()) return console.complain(decisions.error());
  api.events()->tell({{"event", "begin"}, {"seed", seed}});
  const Result<std::unique_ptr<net::HttpServer>> server = listen(words, api);
  if (!server.ok()) {
    console.complain(server.error());
    return exit_refuted;
  }
  tell(console, "info",
       {{"address", (*server)->place()},
        {"version", json::string(proxy::api_version)},
        {"seed", seed}},
       "Starting HTTP server on endpoint " + (*server)->place());
  if (!words.config.empty()) take_config(api, words.config, console);
  const Status served =
      (*server)->serve((*interrupts)->stop(), [&api] { return api.expire(sys::monotonic_now()); });
  if (!served.ok()) return console.complain(served.error());
  tell(console, "info", {}, "Shutdown complete");
  return exit_held;
}

}  // namespace

Command proxy_command() {
  Command made = command<Words>(
      {.name = "proxy",
       .about = "Runs a proxy that makes trouble on connections, in place of Toxiproxy.",
       .details = "Clients of Toxiproxy work with it as they are (docs/PROXY.md). It needs no "
                  "root. It ends at SIGINT or SIGTERM, and its connections with it. With a "
                  "command, it speaks to a proxy that runs.",
       .examples = {"squall proxy", "squall proxy -host 0.0.0.0 -port 8474 -config proxies.json",
                    "squall proxy create -l 127.0.0.1:7000 -u 127.0.0.1:6379 redis",
                    "squall proxy toxic add -t latency -a latency=200 redis"},
       .children = proxy_client_commands(),
       .takes_single_dashes = true},
      {option("--host", "HOST", &Words::host, "Where the interface listens; localhost."),
       option("--port", "PORT", &Words::port, "Its port; 8474."),
       option("--config", "FILE", &Words::config, "JSON with proxies to begin with."),
       option("--decisions", "FILE", &Words::decisions,
              "Appends what is done and decided, a line of JSON each."),
       option("--seed", "N", &Words::seed, "Repeats every random choice."),
       option("--threads", "N", &Words::threads, "How many; one a core."),
       flag("--proxy-metrics", &Words::has_proxy_metrics, "GET /metrics counts bytes."),
       flag("--runtime-metrics", &Words::has_runtime_metrics, "The same."),
       flag("--version", &Words::shows_version, "Shows the version of the interface.")},
      execute);
  return made;
}

}  // namespace squall::cli
