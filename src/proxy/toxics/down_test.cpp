#include "proxy/proxy_rig_test.h"
#include "sys/file.h"

namespace squall::proxy {
namespace {

class DownTest : public ProxyRig {
 protected:
  bool server_hears_nothing() const { return upstream_.is_quiet(); }
};

TEST_F(DownTest, RefusesNewConnectionsAndLeavesOpenOnesAlone) {
  const Ends before = open();
  add("down", {});
  EXPECT_EQ(ending(connect_to(proxy_.spec().listen)), "reset");
  EXPECT_TRUE(server_hears_nothing());
  send_text(before.client, "still");
  EXPECT_EQ(receive(before.server, 5), "still");
}

TEST_F(DownTest, HangsWithoutAnAnswerUntilItIsRemoved) {
  const auto toxic = add("down", {{"mode", "hang"}});
  const sys::Fd client = connect_to(proxy_.spec().listen);
  send_text(client, "anybody?");
  EXPECT_TRUE(is_silent(client));
  EXPECT_TRUE(server_hears_nothing());
  proxy_.remove_toxic(toxic->id);
  EXPECT_NE(ending(client), "");
  const Ends after = open();
  send_text(after.client, "x");
  EXPECT_EQ(receive(after.server, 1), "x");
}

TEST_F(DownTest, ActsOnTheConnectionsThatItsKeysChoose) {
  const Kind* kind = find(catalogue(), "down");
  Toxic toxic{.name = "down", .every = 2, .kind = kind};
  toxic.attributes = kind->parse(*kind, nullptr, {}).value();
  proxy_.add_toxic(std::move(toxic));
  for (int i = 0; i < 3; ++i) {
    const Ends carried = open();
    send_text(carried.client, "x");
    EXPECT_EQ(receive(carried.server, 1), "x");
    EXPECT_EQ(ending(connect_to(proxy_.spec().listen)), "reset");
  }
}

TEST_F(DownTest, AClientThatGivesUpIsForgotten) {
  add("down", {{"mode", "hang"}});
  const std::size_t before = sys::list_folder("/proc/self/fd").value().size();
  sys::Fd client = connect_to(proxy_.spec().listen);
  EXPECT_TRUE(is_silent(client));
  const linger at_once{1, 0};
  ::setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  client.reset();
  EXPECT_TRUE(
      becomes_true([&] { return sys::list_folder("/proc/self/fd").value().size() == before; }));
}

}  // namespace
}  // namespace squall::proxy
