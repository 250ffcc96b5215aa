// Listeners are made here and watched by all loops; the last of them to let go closes it.
#include "proxy/proxy.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <semaphore>

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>

#include "sys/clock.h"

namespace squall::proxy {
namespace {

constexpr Duration lookup_limit = milliseconds(900);
constexpr int backlog = 4096;

struct HostPort {
  std::string host;
  int port = 0;
};

Result<HostPort> split_host_port(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) {
    return error(Code::invalid, fmt::format("address {}: missing port in address", text));
  }
  HostPort parts{text.substr(0, colon), 0};
  if (parts.host.starts_with('[') && parts.host.ends_with(']')) {
    parts.host = parts.host.substr(1, parts.host.size() - 2);
  } else if (parts.host.find(':') != std::string::npos) {
    return error(Code::invalid, fmt::format("address {}: too many colons in address", text));
  }
  const std::string_view digits = std::string_view(text).substr(colon + 1);
  const char* end = digits.data() + digits.size();
  const auto [stopped, problem] = std::from_chars(digits.data(), end, parts.port);
  if (problem != std::errc() || stopped != end || parts.port < 0 || parts.port > 65535) {
    return error(Code::invalid, fmt::format("address {}: invalid port", text));
  }
  return parts;
}

void set_port(net::Address& address, int port) {
  const in_port_t wire = htons(static_cast<std::uint16_t>(port));
  if (address.storage.ss_family == AF_INET) {
    reinterpret_cast<sockaddr_in&>(address.storage).sin_port = wire;
  } else {
    reinterpret_cast<sockaddr_in6&>(address.storage).sin6_port = wire;
  }
}

net::Address any_address() {
  net::Address address;
  address.storage.ss_family = AF_INET6;
  address.length = sizeof(sockaddr_in6);
  return address;
}

Addresses numeric_address(const HostPort& place) {
  net::Address address;
  auto& four = reinterpret_cast<sockaddr_in&>(address.storage);
  auto& six = reinterpret_cast<sockaddr_in6&>(address.storage);
  if (::inet_pton(AF_INET, place.host.c_str(), &four.sin_addr) == 1) {
    address.storage.ss_family = AF_INET;
    address.length = sizeof four;
  } else if (::inet_pton(AF_INET6, place.host.c_str(), &six.sin6_addr) == 1) {
    address.storage.ss_family = AF_INET6;
    address.length = sizeof six;
  } else {
    return nullptr;
  }
  set_port(address, place.port);
  return std::make_shared<const std::vector<net::Address>>(std::vector{address});
}

Duration lease_end(std::int64_t ttl_ms) {
  return ttl_ms <= 0 ? never : sys::monotonic_now() + milliseconds(ttl_ms);
}

// In the words of the program that clients know.
Error listen_error(int number, const std::string& listen) {
  Error problem = errno_error(number, "listen");
  std::string text = std::strerror(number);
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(text[0]));
  problem.message = fmt::format("listen tcp {}: bind: {}", listen, text);
  return problem;
}

Result<sys::Fd> listen_at(const net::Address& address, const std::string& text) {
  sys::Fd fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return listen_error(errno, text);
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // accepted sockets inherit it
  const auto* where = reinterpret_cast<const sockaddr*>(&address.storage);
  if (::bind(fd.get(), where, address.length) != 0 || ::listen(fd.get(), backlog) != 0) {
    return listen_error(errno, text);
  }
  return fd;
}

std::string local_address(const sys::Fd& fd) {
  net::Address address;
  address.length = sizeof address.storage;
  ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address.storage), &address.length);
  return net::describe(address);
}

}  // namespace

Result<net::Address> listen_address(const std::string& text) {
  if (text.empty()) return any_address();
  const HostPort place = TRY(split_host_port(text));
  if (place.host.empty()) {
    net::Address any = any_address();
    set_port(any, place.port);
    return any;
  }
  if (const Addresses numeric = numeric_address(place)) return numeric->front();
  sys::Patience patience(lookup_limit);
  // A port of 0 is none for the resolver.
  std::vector<net::Address> found =
      TRY(net::resolve(place.host, std::max(place.port, 1), patience));
  const auto four = std::find_if(found.begin(), found.end(), [](const net::Address& address) {
    return address.storage.ss_family == AF_INET;
  });
  net::Address chosen = four == found.end() ? found.front() : *four;
  set_port(chosen, place.port);
  return chosen;
}

Result<std::unique_ptr<Loops>> Loops::start(std::size_t count) {
  std::unique_ptr<Loops> loops(new Loops());
  for (std::size_t i = 0; i < count; ++i)
    loops->loops_.push_back(TRY(Loop::start(loops->lookups_)));
  return loops;
}

// The lookups tell the loops, and the loops ask them: the telling ends first.
Loops::~Loops() {
  lookups_.end();
}

std::size_t Loops::usual_count() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return 1;
  return static_cast<std::size_t>(std::clamp(CPU_COUNT(&allowed), 1, 16));
}

void Loops::open(const RouteSpec& spec) {
  for (const std::unique_ptr<Loop>& loop : loops_) loop->open(spec);
}

void Loops::close(std::uint64_t route) {
  const auto closed = std::make_shared<std::counting_semaphore<>>(0);
  for (const std::unique_ptr<Loop>& loop : loops_) {
    loop->close(route, [closed] { closed->release(); });
  }
  // A loop never waits, so this is microseconds; a stopped process must not hold its clients.
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    if (!closed->try_acquire_for(std::chrono::milliseconds(900))) return;
  }
}

void Loops::chain_changed(std::uint64_t route) {
  for (const std::unique_ptr<Loop>& loop : loops_) loop->chain_changed(route);
}

Proxy::Proxy(ProxySpec spec, std::uint64_t seed, Loops& loops, std::shared_ptr<Events> events)
    : spec_(std::move(spec)),
      loops_(loops),
      traffic_(std::make_shared<Traffic>(spec_.name, seed, std::move(events))) {
  spec_.enabled = false;
  begin_lease();
}

Proxy::~Proxy() {
  stop();
}

Status Proxy::start() {
  static std::atomic<std::uint64_t> last_route{0};
  if (spec_.enabled) return ok();
  // A server that cannot be is no reason not to listen: its clients are closed, as in the original.
  const HostPort server =
      split_host_port(spec_.upstream).ok() ? *split_host_port(spec_.upstream) : HostPort();
  const net::Address address = TRY(listen_address(spec_.listen));
  sys::Fd fd = TRY(listen_at(address, spec_.listen));
  const Addresses known = numeric_address(server);
  if (known && net::describe(known->front()) == local_address(fd)) {
    return error(Code::invalid, "a proxy cannot be its own upstream");
  }
  spec_.listen = local_address(fd);
  spec_.enabled = true;
  route_ = ++last_route;
  loops_.open({.id = route_,
               .traffic = traffic_,
               .listener = std::make_shared<const sys::Fd>(std::move(fd)),
               .addresses = known,
               .host = server.host,
               .port = server.port});
  tell("listens");
  return ok();
}

void Proxy::tell(std::string_view what) const {
  traffic_->tell(
      "proxy",
      {{"what", json::string(what)}, {"listen", spec_.listen}, {"upstream", spec_.upstream}});
}

void Proxy::tell(std::string_view what, const Toxic& toxic) const {
  if (!traffic_->is_watched()) return;
  traffic_->tell("toxic", {{"what", json::string(what)},
                           {"toxic", toxic.name},
                           {"type", json::string(toxic.kind->name)},
                           {"stream", json::string(name_of(toxic.stream))},
                           {"revision", toxic.revision},
                           {"toxicity", toxic.toxicity},
                           {"attributes", toxic.attributes.shown}});
}

void Proxy::stop() {
  if (!spec_.enabled) return;
  loops_.close(route_);
  spec_.enabled = false;
  tell("stopped");
}

Result<bool> Proxy::differs(const ProxySpec& wanted) const {
  const net::Address address = TRY(listen_address(wanted.listen));
  return net::describe(address) != spec_.listen || wanted.upstream != spec_.upstream;
}

void Proxy::begin_lease() {
  expires_ = lease_end(spec_.ttl_ms);
}

Duration Proxy::expire_toxics(Duration now) {
  Duration next = never;
  for (const std::shared_ptr<const Toxic>& toxic : toxics()) {
    if (toxic->expires <= now) {
      remove_toxic(toxic->id, "expired");
    } else {
      next = std::min(next, toxic->expires);
    }
  }
  return next;
}

Status Proxy::update(const ProxySpec& wanted) {
  spec_.ttl_ms = wanted.ttl_ms;
  begin_lease();
  if (TRY(differs(wanted))) {
    stop();
    spec_.listen = wanted.listen;
    spec_.upstream = wanted.upstream;
  }
  if (wanted.enabled) return start();
  stop();
  return ok();
}

std::vector<std::shared_ptr<const Toxic>> Proxy::toxics() const {
  const std::shared_ptr<const Chain> chain = traffic_->chain();
  std::vector<std::shared_ptr<const Toxic>> all;
  for (const auto& direction : chain->toxics) {
    all.insert(all.end(), direction.begin(), direction.end());
  }
  return all;
}

std::shared_ptr<const Toxic> Proxy::find_toxic(const std::string& name) const {
  for (const std::shared_ptr<const Toxic>& toxic : toxics()) {
    if (toxic->name == name) return toxic;
  }
  return nullptr;
}

void Proxy::set_chain(Chain chain) {
  traffic_->set_chain(std::make_shared<const Chain>(std::move(chain)));
  if (spec_.enabled) loops_.chain_changed(route_);
}

std::shared_ptr<const Toxic> Proxy::add_toxic(Toxic toxic) {
  toxic.id = ++last_toxic_;
  toxic.since = traffic_->connections();
  toxic.expires = lease_end(toxic.ttl_ms);
  const auto added = std::make_shared<const Toxic>(std::move(toxic));
  Chain chain = *traffic_->chain();
  chain.toxics[static_cast<std::size_t>(added->stream)].push_back(added);
  tell("added", *added);
  set_chain(std::move(chain));
  return added;
}

std::shared_ptr<const Toxic> Proxy::update_toxic(Toxic toxic) {
  ++toxic.revision;
  toxic.expires = lease_end(toxic.ttl_ms);
  const auto updated = std::make_shared<const Toxic>(std::move(toxic));
  Chain chain = *traffic_->chain();
  for (auto& direction : chain.toxics) {
    for (auto& one : direction) {
      if (one->id == updated->id) one = updated;
    }
  }
  tell("updated", *updated);
  set_chain(std::move(chain));
  return updated;
}

void Proxy::remove_toxic(std::uint64_t id, std::string_view why) {
  Chain chain = *traffic_->chain();
  if (const Toxic* toxic = chain.find(id)) tell(why, *toxic);
  for (auto& direction : chain.toxics) {
    std::erase_if(direction, [&](const auto& toxic) { return toxic->id == id; });
  }
  set_chain(std::move(chain));
}

void Proxy::remove_toxics() {
  for (const std::shared_ptr<const Toxic>& toxic : toxics()) tell("removed", *toxic);
  set_chain({});
}

}  // namespace squall::proxy
