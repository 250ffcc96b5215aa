// Ten thousand connections that come, speak and are torn at random while toxics of every type come,
// change and go: afterwards no descriptor and no memory is left of them.
#include <malloc.h>

#include "proxy/proxy_rig_test.h"
#include "sys/file.h"

namespace squall::proxy {
namespace {

class ReliabilityTest : public ProxyRig {
 protected:
  static constexpr int rounds = 100;
  static constexpr int connections_a_round = 100;

  std::uint64_t pick(std::uint64_t of) { return choices_.below(of, "", "pick", draws_++); }

  Toxic random_toxic() {
    static const json::object attributes = {{"latency", 2}, {"rate", 1},           {"delay", 2},
                                            {"timeout", 3}, {"average_size", 100}, {"bytes", 500},
                                            {"share", 0.5}, {"jitter", 1},         {"field", "$.a"},
                                            {"name", "X"},  {"value", "text"}};
    const Kind* kind = nullptr;
    while (kind == nullptr || kind->door != nullptr) kind = catalogue()[pick(catalogue().size())];
    Toxic toxic{.name = std::to_string(draws_), .toxicity = pick(2) == 0 ? 1.0 : 0.5, .kind = kind};
    toxic.stream = kind->only.value_or(static_cast<Stream>(pick(2)));
    if (pick(4) == 0) toxic.after = "xx";
    toxic.attributes = kind->parse(*kind, nullptr, attributes).value();
    return toxic;
  }

  void speak(const Ends& ends) {
    static const std::string bulk(20'000, 'x');
    static constexpr std::string_view request = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
    static constexpr std::string_view answer =
        "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{\"a\":1}";
    const bool is_http = pick(2) == 0;
    const std::string_view question = is_http ? request : std::string_view(bulk);
    const std::string_view reply = is_http ? answer : std::string_view(bulk);
    constexpr int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
    ::send(ends.client.get(), question.data(), question.size(), flags);
    ::send(ends.server.get(), reply.data(), reply.size(), flags);
  }

  void tear(Ends& ends) {
    sys::Fd& first = pick(2) == 0 ? ends.client : ends.server;
    if (pick(3) == 0) ::shutdown(first.get(), SHUT_WR);
    const linger at_once{pick(2) == 0 ? 1 : 0, 0};
    ::setsockopt(first.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    first.reset();
    if (pick(2) == 0) ends = {};
  }

  void do_round() {
    std::vector<std::shared_ptr<const Toxic>> toxics;
    for (int i = 0; i < 3; ++i) toxics.push_back(proxy_.add_toxic(random_toxic()));
    std::vector<Ends> all;
    for (int i = 0; i < connections_a_round; ++i) {
      all.push_back(open());
      speak(all.back());
      if (i == connections_a_round / 2) {
        proxy_.remove_toxic(toxics[0]->id);
        proxy_.update_toxic(*toxics[1]);
        proxy_.add_toxic(random_toxic());
      }
      if (pick(4) == 0) tear(all[pick(all.size())]);
    }
    for (Ends& ends : all) tear(ends);
    proxy_.remove_toxics();
  }

  Choices choices_{17, "torn"};
  std::uint64_t draws_ = 0;
};

TEST_F(ReliabilityTest, TenThousandTornConnectionsLeaveNeitherDescriptorsNorMemory) {
  const auto descriptors = [] { return sys::list_folder("/proc/self/fd").value().size(); };
  constexpr std::size_t kept_pipes = 2 * 2 * 32;  // ends, of the pipes that each loop keeps
  const std::size_t before = descriptors();
  std::size_t memory_early = 0;
  for (int round = 0; round < rounds; ++round) {
    do_round();
    ASSERT_TRUE(becomes_true([&] { return descriptors() <= before + kept_pipes; }))
        << "connections stay, round " << round;
    // What is kept for reuse has been made by then.
    if (round == rounds / 5) memory_early = ::mallinfo2().uordblks;
  }
  EXPECT_EQ(proxy_.traffic().connections(), 1ULL * rounds * connections_a_round);
  proxy_.stop();
  const std::size_t memory = ::mallinfo2().uordblks;
  // 64 bytes of each connection would be twice as much.
  EXPECT_LT(memory, memory_early + (256 << 10));
  EXPECT_LE(descriptors(), before - 1 + kept_pipes) << "the listener is closed as well";
}

}  // namespace
}  // namespace squall::proxy
