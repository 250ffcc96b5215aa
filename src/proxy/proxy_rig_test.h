// A proxy that carries real connections, with both of their ends in the hands of one test.
#pragma once

#include <memory>
#include <string_view>

#include "proxy/proxy.h"
#include "proxy/sockets_test.h"

namespace squall::proxy {

class ProxyRig : public testing::Test {
 protected:
  ProxyRig()
      : loops_(Loops::start(2).value()),
        proxy_({.name = "db", .listen = "127.0.0.1:0", .upstream = upstream_.place()}, 7, *loops_) {
    const Status started = proxy_.start();
    EXPECT_TRUE(started.ok()) << (started.ok() ? "" : started.error().render());
  }

  struct Ends {
    sys::Fd client;
    sys::Fd server;
  };
  Ends open() {
    Ends ends{connect_to(proxy_.spec().listen), {}};
    EXPECT_TRUE(ends.client.valid());
    ends.server = upstream_.accept();
    return ends;
  }
  std::shared_ptr<const Toxic> add(std::string_view type, const json::object& attributes,
                                   Stream stream = Stream::downstream) {
    const Kind* kind = find(catalogue(), type);
    Toxic toxic{.name = std::string(type), .stream = stream, .kind = kind};
    toxic.attributes = kind->parse(*kind, nullptr, attributes).value();
    return proxy_.add_toxic(std::move(toxic));
  }
  void change(const Toxic& toxic, const json::object& attributes) {
    Toxic changed = toxic;
    changed.attributes = toxic.kind->parse(*toxic.kind, &toxic.attributes, attributes).value();
    proxy_.update_toxic(std::move(changed));
  }

  Upstream upstream_;
  std::unique_ptr<Loops> loops_;
  Proxy proxy_;
};

}  // namespace squall::proxy
