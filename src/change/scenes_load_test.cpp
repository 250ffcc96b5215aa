// Scenes of the changes that go through somebody else's service: floods, queues, databases.
#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "change/scenes_test.h"
#include "core/text.h"
#include "sys/fd.h"
#include "sys/file.h"

namespace squall::change {
namespace {

// A listener that never accepts: the kernel opens the connections for it, and they stay.
class TrafficFloodScene : public Scene {
 public:
  TrafficFloodScene() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* where = reinterpret_cast<sockaddr*>(&address);
    CHECK(::bind(listener_.get(), where, length) == 0, "a free port");
    CHECK(::listen(listener_.get(), 1024) == 0, "a listener");
    CHECK(::getsockname(listener_.get(), where, &length) == 0, "a port");
    port_ = ntohs(address.sin_port);
  }
  Request request() override {
    return {"traffic.flood",
            {{"protocol", "http"},
             {"host", "127.0.0.1"},
             {"port", port_},
             {"rate", "200 /s"},
             {"connections", 3},
             {"count", 1000},
             {"timeout", "1 min"},
             {"say", json::object{{"target", "/"}}}}};
  }
  std::string observe() override {
    const std::string wanted = fmt::format("0100007F:{:04X} 01 ", port_);  // remote, established
    for (const std::string& line : split(sys::read_file("/proc/net/tcp").value(), '\n')) {
      if (line.find(wanted) != std::string::npos) return "flooded";
    }
    return "quiet";
  }

 private:
  sys::Fd listener_;
  std::uint16_t port_ = 0;
};

template <class S>
SceneMaker maker(std::string name, std::string kind, Traits traits = {}) {
  return {std::move(name), std::move(kind), traits, [] { return std::make_unique<S>(); }};
}

}  // namespace

std::vector<SceneMaker> load_scenes() {
  return {maker<TrafficFloodScene>("traffic_flood", "traffic.flood")};
}

}  // namespace squall::change
