// Scenes of the changes that act on packets.
#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>

#include "change/scenes_test.h"
#include "change/targets_test.h"
#include "packets/treatment.h"
#include "sys/file.h"
#include "sys/private_network_test.h"

namespace squall::change {
namespace {

// A datagram on the loopback of a network namespace of its own, and whether it arrives at once.
class PacketQueueScene : public Scene {
 public:
  explicit PacketQueueScene(packets::Treatment treatment) : treatment_(treatment) {}
  Request request() override {
    return {"packet.queue",
            {{"name", "squall_scene"},
             {"namespace", fmt::format("/proc/{}/ns/net", owner_.pid())},
             {"rules", json::array{{{"direction", "in"}, {"local_port", port}}}},
             {"treatment", packets::treatment_table.to_json(treatment_)}}};
  }
  std::string observe() override {
    const sys::Fd server = network_.bound(AF_INET, SOCK_DGRAM, port);
    const sys::Fd client = network_.connected(AF_INET, SOCK_DGRAM, port);
    CHECK(::send(client.get(), "x", 1, 0) == 1, "a datagram is sent");
    pollfd entry{server.get(), POLLIN, 0};
    return ::poll(&entry, 1, 20) == 1 ? "arrives" : "does not arrive";
  }

 private:
  static constexpr std::uint16_t port = 7412;
  packets::Treatment treatment_;
  Sleeper owner_{Sleeper::Setting{.has_own_network = true}};
  sys::PrivateNetwork network_{sys::PrivateNetwork::OfProcess{owner_.pid()}};
};

// A connection on the loopback of a network namespace of its own.
class TcpResetScene : public Scene {
 public:
  TcpResetScene() : listener_(network_.bound(AF_INET, SOCK_STREAM, port)) {
    CHECK(::listen(listener_.get(), 1) == 0, "a socket can listen");
    client_ = network_.connected(AF_INET, SOCK_STREAM, port);
  }
  Request request() override {
    return {"tcp.reset",
            {{"namespace", fmt::format("/proc/{}/ns/net", owner_.pid())}, {"local_port", port}}};
  }
  std::string observe() override {
    pollfd entry{client_.get(), POLLIN, 0};
    return ::poll(&entry, 1, 0) == 1 ? "is torn" : "stands";
  }

 private:
  static constexpr std::uint16_t port = 7412;
  Sleeper owner_{Sleeper::Setting{.has_own_network = true}};
  sys::PrivateNetwork network_{sys::PrivateNetwork::OfProcess{owner_.pid()}};
  sys::Fd listener_;
  sys::Fd client_;
};

SceneMaker queue_maker(std::string name, const packets::Treatment& treatment) {
  return {std::move(name), "packet.queue", Traits{.needs_root = true},
          [treatment] { return std::make_unique<PacketQueueScene>(treatment); }};
}

}  // namespace

std::vector<SceneMaker> packet_scenes() {
  return {queue_maker("packet_queue_delay", {.delay = seconds(1)}),
          queue_maker("packet_queue_loss", {.loss = {1}}),
          maker<TcpResetScene>("tcp_reset", "tcp.reset", {.needs_root = true})};
}

}  // namespace squall::change
