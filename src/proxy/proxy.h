// A proxy: a place to listen, a server behind it, and the toxics between them. What its owner
// changes here takes effect in the loops; everything in this header is for one thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/result.h"
#include "proxy/chain.h"
#include "proxy/loop.h"

namespace squall::proxy {

// The loops of a process, one for each core that it may use.
class Loops {
 public:
  static Result<std::unique_ptr<Loops>> start(std::size_t count);
  ~Loops();
  // As many as the process may use cores, at most 16.
  static std::size_t usual_count();

  void open(const RouteSpec& spec);
  // Comes back when no loop carries its connections any more, within a second.
  void close(std::uint64_t route);
  void chain_changed(std::uint64_t route);

 private:
  Loops() = default;
  Lookups lookups_;
  std::vector<std::unique_ptr<Loop>> loops_;
};

struct ProxySpec {
  std::string name;
  std::string listen;    // "127.0.0.1:0"; while it listens, where it really does
  std::string upstream;  // "db.example.org:5432"
  bool enabled = true;
  std::int64_t ttl_ms = 0;  // how long it lives without being updated; 0 is for ever
};

// "host:port" or "[host]:port" or ":port" to an address to listen at. A name that has an IPv4
// address stands for that one. Errors: Code::invalid, Code::not_found, Code::timed_out.
Result<net::Address> listen_address(const std::string& text);

class Proxy {
 public:
  // It does not listen yet.
  Proxy(ProxySpec spec, std::uint64_t seed, Loops& loops, std::shared_ptr<Events> events = nullptr);
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  // `enabled` is whether it listens. `listen` is as it was written until it listens.
  const ProxySpec& spec() const { return spec_; }
  // Nothing when it listens already. Errors: as from the kernel; nothing has changed.
  Status start();
  // Closes its listener and all of its connections.
  void stop();
  // Whether listening at that place for that server would be another proxy than this one.
  Result<bool> differs(const ProxySpec& wanted) const;
  // All but the name; its lease begins again. Another place or server closes all connections.
  Status update(const ProxySpec& wanted);

  // Upstream ones first, each in the order in which data meets them.
  std::vector<std::shared_ptr<const Toxic>> toxics() const;
  std::shared_ptr<const Toxic> find_toxic(const std::string& name) const;
  // Its id and revision are given here. The name must be free.
  std::shared_ptr<const Toxic> add_toxic(Toxic toxic);
  // In place of the one with its id.
  std::shared_ptr<const Toxic> update_toxic(Toxic toxic);
  // `why` is told: "removed" or "expired".
  void remove_toxic(std::uint64_t id, std::string_view why = "removed");
  void remove_toxics();

  // When its own lease ends, or `never`.
  Duration expires() const { return expires_; }
  // Removes the toxics whose lease has ended; when the next one ends.
  Duration expire_toxics(Duration now);

  const Traffic& traffic() const { return *traffic_; }

 private:
  void set_chain(Chain chain);
  void tell(std::string_view what) const;
  void tell(std::string_view what, const Toxic& toxic) const;
  void begin_lease();

  ProxySpec spec_;
  Loops& loops_;
  std::shared_ptr<Traffic> traffic_;
  std::shared_ptr<const sys::Fd> listener_;
  std::uint64_t route_ = 0;  // while it listens
  std::uint64_t last_toxic_ = 0;
  Duration expires_ = never;
};

using Proxies = std::map<std::string, std::unique_ptr<Proxy>>;  // by name

}  // namespace squall::proxy
