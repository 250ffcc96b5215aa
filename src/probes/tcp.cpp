// tcp: opens a connection, and if wished says something and listens for the reply.
//
// A kernel accepts connections for a process that hangs, so an open port alone proves little; a
// reply does.
#include "probes/typed.h"
#include "probes/unreached.h"

namespace squall::probe {
namespace {

constexpr std::size_t reply_limit = 64 << 10;

struct Tcp {
  std::string host;
  std::int64_t port = 0;
  std::string network_namespace;
  std::string send;
  std::string expect;
};

const param::Table<Tcp> table{{
    param::field("host", &Tcp::host,
                 {.about = "IPv4 or IPv6 address, or a name.", .required = true}),
    param::field("port", &Tcp::port,
                 {.about = "The port.", .required = true, .min = 1, .max = 65535}),
    param::field("namespace", &Tcp::network_namespace,
                 {.about = "Path of the network namespace to ask from, such as /run/netns/blue."}),
    param::field("send", &Tcp::send,
                 {.about = "What is said once the connection is open, such as \"PING\\r\\n\"."}),
    param::field("expect", &Tcp::expect,
                 {.about = "A text that the reply must contain; it is waited for."}),
}};

Status check(const Tcp& tcp) {
  if (!tcp.host.empty()) return ok();
  return error(Code::invalid, "host: it is empty", "give an address such as 127.0.0.1");
}

// Reads until the expected text has come, or, when none is expected, until anything has.
Status read_reply(const Tcp& tcp, net::Connection& connection, sys::Patience& patience,
                  std::string& reply) {
  while (true) {
    const std::string piece = TRY(connection.read_some(4096, patience));
    reply += piece;
    const bool is_there = !reply.empty() && reply.find(tcp.expect) != std::string::npos;
    if (is_there) return ok();
    if (piece.empty() || reply.size() >= reply_limit) {
      return error(Code::conflict,
                   fmt::format("{} {} without {}", connection.peer(),
                               piece.empty() ? "closed the connection" : "sent 64 KiB",
                               tcp.expect.empty() ? "a reply" : quote(tcp.expect)));
    }
  }
}

Sample take(const Tcp& tcp, sys::Patience& patience) {
  Result<net::Connection> connection =
      net::Connection::open({.host = tcp.host,
                             .port = static_cast<int>(tcp.port),
                             .network_namespace = tcp.network_namespace},
                            patience);
  if (!connection.ok()) {
    Sample sample = unreached(connection.error());
    if (sample.values.contains("reached")) sample.values["open"] = false;
    return sample;
  }
  Sample sample;
  std::string reply;
  Status status = ok();
  if (!tcp.send.empty()) status = connection->write_all(tcp.send, patience);
  const bool awaits_reply = !tcp.send.empty() || !tcp.expect.empty();
  if (status.ok() && awaits_reply) status = read_reply(tcp, *connection, patience, reply);
  if (!status.ok()) sample = unreached(status.error());
  sample.values["open"] = true;
  if (awaits_reply) sample.values["reply"] = json::string(repair_utf8(reply));
  if (!status.ok()) return sample;
  sample.values["reached"] = true;
  sample.values["latency"] = json::string(render(patience.spent()));
  return sample;
}

}  // namespace

extern const Kind kind_tcp;
const Kind kind_tcp = kind_of<Tcp>({
    .name = "tcp",
    .about = "Opens a TCP connection, and if asked to, sends a text and waits for the reply.",
    .limits = "No TLS. Up to 64 KiB of the reply are read; without an expected text, what comes "
              "first. A port that is open is no proof of life: the kernel accepts connections for "
              "a process that hangs. Names are looked up outside the namespace.",
    .example = R"({"tcp": {"host": "127.0.0.1", "port": 6379, "send": "PING\r\n",
                           "expect": "PONG"},
                   "expect": {"latency": "< 100 ms"}})",
    .table = &table,
    .values =
        {{"open", "yes or no",
          "Whether the connection was accepted; `open: false` demands a refusal."},
         {"latency", "duration",
          "From the start, name lookup included, until the connection was open, or until the reply "
          "when one is awaited."},
         {"reply", "text", "What came back, when `send` or `expect` is given."}},
    .reached = "Whether the connection was accepted and the reply came, when one is awaited.",
    .check = check,
    .take = take,
});

}  // namespace squall::probe
