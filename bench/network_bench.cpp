// squall proxy beside HAProxy and nginx, where they are installed: each pass asks all of them in
// turn, and what is told is the median of the passes. The honest figures are CPU time a request and
// the ratios; a fast proxy fills its client's core.
#include <array>
#include <map>
#include <thread>

#include <fmt/core.h>
#include <sys/socket.h>
#include <unistd.h>

#include "network_rig.h"
#include "sys/clock.h"
#include "sys/file.h"

namespace squall::bench {
namespace {

constexpr int web_port = 9000;
constexpr int echo_port = 9009;
constexpr int bulk_port = 9010;
constexpr int api_port = 8474;

struct Peer {
  std::string name;
  int web = 0;   // the port that leads to the web server
  int echo = 0;  // the one that leads to the echo
  int bulk = 0;  // and to the bulk
  std::vector<std::string> words;
};

constexpr std::string_view nginx_web =
    "daemon off; master_process off; pid {0}/web.pid; error_log /dev/null;\n"
    "events {{ worker_connections 4096; }}\n"
    "http {{ access_log off; keepalive_requests 100000000; client_body_temp_path {0}/1;\n"
    "proxy_temp_path {0}/2; fastcgi_temp_path {0}/3; uwsgi_temp_path {0}/4; scgi_temp_path {0}/5;\n"
    "server {{ listen 127.0.0.1:9000 backlog=4096;\n"
    "location / {{ return 200 \"hello\\n\"; }} }} }}\n";
constexpr std::string_view nginx_stream =
    "load_module {1};\ndaemon off; master_process off; pid {0}/stream.pid; error_log /dev/null;\n"
    "events {{ worker_connections 4096; }}\n"
    "stream {{ server {{ listen 127.0.0.1:9101 backlog=4096; proxy_pass 127.0.0.1:9000; }}\n"
    "server {{ listen 127.0.0.1:9201; proxy_pass 127.0.0.1:9009; }}\n"
    "server {{ listen 127.0.0.1:9301; proxy_pass 127.0.0.1:9010; }} }}\n";
constexpr std::string_view haproxy_tcp =
    "global\n  nbthread 1\n  maxconn 4000\ndefaults\n  mode tcp\n  option splice-request\n"
    "  option splice-response\n"
    "  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n"
    "listen web\n  bind 127.0.0.1:9102\n  server s 127.0.0.1:9000\n"
    "listen echo\n  bind 127.0.0.1:9202\n  server s 127.0.0.1:9009\n"
    "listen bulk\n  bind 127.0.0.1:9302\n  server s 127.0.0.1:9010\n";
constexpr std::string_view squall_proxies =
    R"([{"name":"web","listen":"127.0.0.1:9100","upstream":"127.0.0.1:9000"},)"
    R"({"name":"echo","listen":"127.0.0.1:9200","upstream":"127.0.0.1:9009"},)"
    R"({"name":"bulk","listen":"127.0.0.1:9300","upstream":"127.0.0.1:9010"}])";
constexpr const char* stream_module = "/usr/lib/nginx/modules/ngx_stream_module.so";

std::string write(const std::string& folder, const std::string& name, const std::string& text) {
  const std::string path = folder + "/" + name;
  CHECK(sys::write_file_durably(path, text).ok(), "the folder is writable");
  return path;
}

std::vector<Peer> peers(const std::string& folder) {
  std::vector<Peer> all = {
      {"squall",
       9100,
       9200,
       9300,
       {program_beside("squall"), "proxy", "--host", "127.0.0.1", "--seed", "1", "--config",
        write(folder, "proxies.json", std::string(squall_proxies))}}};
  if (sys::exists(stream_module)) {
    all.push_back({"nginx stream",
                   9101,
                   9201,
                   9301,
                   {"/usr/sbin/nginx", "-c",
                    write(folder, "stream.conf",
                          fmt::format(fmt::runtime(nginx_stream), folder, stream_module))}});
  }
  if (sys::exists("/usr/sbin/haproxy")) {
    all.push_back({"HAProxy",
                   9102,
                   9202,
                   9302,
                   {"/usr/sbin/haproxy", "-db", "-f",
                    write(folder, "haproxy.cfg", std::string(haproxy_tcp))}});
  }
  return all;
}

struct Cost {
  Samples rate;    // a second
  Samples cpu_us;  // of the proxy, for each
};

// "80.1 k/s at 9.6 us"
std::string say(const Cost& cost) {
  return fmt::format("{:.1f} k/s at {:.1f} us", quantile(cost.rate, 0.5) / 1000,
                     quantile(cost.cpu_us, 0.5));
}

Accuracy compare(const std::string& what, const std::map<std::string, Cost>& costs) {
  Accuracy row{what, "", say(costs.at("squall")), "", "rate and CPU no worse than the peers",
               true, ""};
  const Cost& own = costs.at("squall");
  for (const auto& [name, cost] : costs) {
    if (name == "squall") continue;
    const double rate = quantile(own.rate, 0.5) / std::max(quantile(cost.rate, 0.5), 1.0);
    const double cpu = quantile(own.cpu_us, 0.5) / std::max(quantile(cost.cpu_us, 0.5), 0.001);
    row.note += fmt::format("{}{} {}: rate {:.2f}, CPU {:.2f} of it", row.note.empty() ? "" : "; ",
                            name, say(cost), rate, cpu);
    row.is_reached = row.is_reached && rate >= 0.95 && cpu <= 1.05;
  }
  if (row.note.empty()) row.note = "no peer is installed: apt install haproxy libnginx-mod-stream";
  return row;
}

Accuracy bench_requests(const std::vector<Peer>& all, bool closes, int passes) {
  std::map<std::string, Cost> costs;
  for (int pass = 0; pass < passes; ++pass) {
    for (const Peer& peer : all) {
      const Pinned proxy(peer.words, 1);
      if (!wait_for_port(peer.web)) continue;
      const Duration before = proxy.cpu_time();
      const std::optional<double> rate = wrk(peer.web, closes);
      if (!rate || *rate <= 0) continue;
      const Duration used = proxy.cpu_time() - before;
      costs[peer.name].rate.push_back(*rate);
      costs[peer.name].cpu_us.push_back(used.seconds() * 1e6 / (*rate * 2));
    }
  }
  if (costs["squall"].rate.empty()) return {"requests", "", "", "", "", false, "wrk is missing"};
  return compare(
      closes ? "a connection for each request, 64 at once" : "small requests on 64 connections",
      costs);
}

Accuracy bench_memory(const std::vector<Peer>& all) {
  constexpr int connections = 1000;
  Accuracy row{"memory of an idle connection", "", "", "", "<= 3.3 KiB", true, ""};
  for (const Peer& peer : all) {
    const Pinned proxy(peer.words, 1);
    if (!wait_for_port(peer.echo)) continue;
    echo({.port = peer.echo, .connections = 1, .count = 100});
    const double before = proxy.resident_kib();
    std::vector<sys::Fd> open;
    for (int i = 0; i < connections; ++i) {
      open.push_back(connect_to_port(peer.echo));
      std::array<char, 1> byte{};
      ::send(open.back().get(), byte.data(), 1, MSG_NOSIGNAL);
      ::recv(open.back().get(), byte.data(), 1, 0);
    }
    const double each = (proxy.resident_kib() - before) / connections;
    const std::string text = fmt::format("{:.2f} KiB", each);
    if (peer.name == "squall") {
      row.delivered = text;
      row.is_reached = each <= 3.3;
    } else {
      row.note += fmt::format("{}{} {}", row.note.empty() ? "" : "; ", peer.name, text);
    }
  }
  return row;
}

Accuracy bench_bulk(const std::vector<Peer>& all, int passes) {
  Accuracy row{"bulk, one connection", "", "", "", "CPU a GB no worse than the peers", true, ""};
  std::map<std::string, Samples> costs;
  std::map<std::string, Samples> rates;
  for (int pass = 0; pass < passes; ++pass) {
    for (const Peer& peer : all) {
      const Pinned proxy(peer.words, 1);
      if (!wait_for_port(peer.bulk)) continue;
      const Duration before = proxy.cpu_time();
      const double gigabytes = read_bulk(peer.bulk) / 1e9;
      costs[peer.name].push_back((proxy.cpu_time() - before).seconds() / gigabytes);
      rates[peer.name].push_back(gigabytes * 8 / 2);
    }
  }
  const double own = quantile(costs["squall"], 0.5);
  for (const auto& [name, samples] : costs) {
    const double cost = quantile(samples, 0.5);
    const std::string text =
        fmt::format("{:.1f} Gbit/s at {:.3f} CPU-s/GB", quantile(rates[name], 0.5), cost);
    if (name == "squall") {
      row.delivered = text;
      continue;
    }
    row.note += fmt::format("{}{} {}: CPU {:.2f} of it", row.note.empty() ? "" : "; ", name, text,
                            own / cost);
    row.is_reached = row.is_reached && own <= 1.05 * cost;
  }
  return row;
}

constexpr std::string_view delay_body =
    R"({"name":"delay","type":"latency","attributes":{"latency":50}})";

Accuracy bench_delay(const Peer& squall, int connections) {
  const Pinned proxy(squall.words, 1);
  Accuracy row{fmt::format("latency of 50 ms, {} connection{}: error p50, p99", connections,
                           connections == 1 ? "" : "s"),
               "50 ms",
               "",
               "",
               connections == 1 ? "<= 0.1, 0.5 ms" : "<= 0.5, 3 ms",
               false,
               ""};
  if (!wait_for_port(squall.echo) || !wait_for_port(api_port)) return row;
  const EchoLoad load{.port = squall.echo,
                      .connections = connections,
                      .count = connections == 1 ? 100 : 10 * connections,
                      .pause = connections == 1 ? milliseconds(2) : milliseconds(50)};
  const double plain = quantile(echo(load), 0.5);
  Caller caller(api_port);
  if (caller.call("POST", "/proxies/echo/toxics", std::string(delay_body)) != 200) return row;
  const Samples delayed = echo(load);
  const double p50 = quantile(delayed, 0.5) - 50 - plain;
  const double p99 = quantile(delayed, 0.99) - 50 - plain;
  row.delivered = fmt::format("{:.2f} ms", quantile(delayed, 0.5));
  row.deviation = fmt::format("{:+.2f}, {:+.2f} ms", p50, p99);
  row.is_reached = connections == 1 ? p50 <= 0.1 && p99 <= 0.5 : p50 <= 0.5 && p99 <= 3;
  row.note = fmt::format("without the toxic {:.2f} ms", plain);
  return row;
}

Accuracy bench_changes(const Peer& squall) {
  constexpr int connections = 1000;
  constexpr int changes = 2000;
  const Pinned proxy(squall.words, 1);
  Accuracy row{
      "toxics added and removed, 1000 connections open", "", "", "", ">= 5000 /s", false, ""};
  if (!wait_for_port(squall.echo) || !wait_for_port(api_port)) return row;
  std::vector<sys::Fd> open;
  for (int i = 0; i < connections; ++i) open.push_back(connect_to_port(squall.echo));
  Caller caller(api_port);
  const Duration start = sys::monotonic_now();
  for (int i = 0; i < changes / 2; ++i) {
    if (caller.call("POST", "/proxies/echo/toxics", std::string(delay_body)) != 200) return row;
    if (caller.call("DELETE", "/proxies/echo/toxics/delay", "") != 204) return row;
  }
  const double rate = changes / (sys::monotonic_now() - start).seconds();
  row.delivered = fmt::format("{:.0f} /s", rate);
  row.is_reached = rate >= 5000;
  return row;
}

}  // namespace

std::vector<Accuracy> bench_network(int passes) {
  std::vector<Accuracy> rows;
  const Workplace workplace;
  // A thread of its own, because it enters a network namespace for good.
  std::jthread([&] {
    CHECK(enter_own_network().ok(), "root can make a network namespace");
    const std::string folder = workplace.launch().state_folder;
    const Pinned web({"/usr/sbin/nginx", "-c",
                      write(folder, "web.conf", fmt::format(fmt::runtime(nginx_web), folder))},
                     0);
    const EchoServer echo_server(echo_port);
    const BulkServer bulk_server(bulk_port);
    if (!wait_for_port(web_port)) return;
    const std::vector<Peer> all = peers(folder);
    rows.push_back(bench_requests(all, false, passes));
    rows.push_back(bench_requests(all, true, passes));
    rows.push_back(bench_bulk(all, passes));
    rows.push_back(bench_memory(all));
    rows.push_back(bench_delay(all.front(), 1));
    rows.push_back(bench_delay(all.front(), 1000));
    rows.push_back(bench_changes(all.front()));
  }).join();
  return rows;
}

}  // namespace squall::bench
