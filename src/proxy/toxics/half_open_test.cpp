#include "proxy/proxy_rig_test.h"
#include "proxy/stage_rig_test.h"

namespace squall::proxy {
namespace {

using HalfOpenTest = StageRig;

TEST_F(HalfOpenTest, PassesItsBytesAndSwallowsTheRestAndTheEnd) {
  follow({toxic("half_open", {{"bytes", 5}})});
  take("abc");
  EXPECT_FALSE(out_.is_held_open);
  take("defg");
  EXPECT_TRUE(out_.is_held_open);
  take("h");
  stages_.take_end(out_.now, out_);
  EXPECT_EQ(out_.text(), "abcde");
  EXPECT_FALSE(out_.is_ended);
}

TEST_F(HalfOpenTest, AnEndBeforeItsBytesIsAnEnd) {
  follow({toxic("half_open", {{"bytes", 5}})});
  take("abc");
  stages_.take_end(out_.now, out_);
  EXPECT_TRUE(out_.is_ended);
  EXPECT_FALSE(out_.is_held_open);
}

TEST_F(HalfOpenTest, WithoutBytesTheOutletIsToldBeforeAnythingComes) {
  follow({toxic("half_open", {})});
  run();
  EXPECT_TRUE(out_.is_held_open);
}

TEST_F(HalfOpenTest, ItsRemovalClosesOnlyWhereSomethingWasSwallowed) {
  follow({toxic("half_open", {{"bytes", 5}})});
  take("abc");
  follow({});
  EXPECT_FALSE(out_.is_cut);
  follow({toxic("half_open", {})});
  take("x");
  follow({});
  EXPECT_TRUE(out_.is_cut);
}

using HalfOpenOnSockets = ProxyRig;

TEST_F(HalfOpenOnSockets, TheClientDoesNotHearThatItsServerEnded) {
  const auto toxic = add("half_open", {{"bytes", 3}});
  Ends ends = open();
  send_text(ends.server, "onetwo");
  EXPECT_EQ(receive(ends.client, 3), "one");
  ends.server.reset();
  EXPECT_TRUE(is_silent(ends.client));
  proxy_.remove_toxic(toxic->id);
  EXPECT_EQ(ending(ends.client), "end");
}

TEST_F(HalfOpenOnSockets, TheClientDoesNotHearARstAndWhatItSendsIsTaken) {
  const auto toxic = add("half_open", {});
  Ends ends = open();
  send_text(ends.client, "question");
  EXPECT_EQ(receive(ends.server, 8), "question");
  const linger at_once{1, 0};
  ::setsockopt(ends.server.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ends.server.reset();
  EXPECT_TRUE(is_silent(ends.client));
  // Far more than every buffer on the way holds: somebody takes it.
  const std::string piece(1 << 20, 'x');
  for (int i = 0; i < 32; ++i) send_text(ends.client, piece);
  EXPECT_TRUE(is_silent(ends.client));
  proxy_.remove_toxic(toxic->id);
  EXPECT_NE(ending(ends.client), "");
}

TEST_F(HalfOpenOnSockets, TheOtherDirectionGoesOn) {
  add("half_open", {{"bytes", 1}});
  const Ends ends = open();
  send_text(ends.server, "abc");
  EXPECT_EQ(receive(ends.client, 1), "a");
  send_text(ends.client, "still here");
  EXPECT_EQ(receive(ends.server, 10), "still here");
}

TEST_F(HalfOpenOnSockets, AClientThatGoesEndsTheConnection) {
  add("half_open", {});
  Ends ends = open();
  send_text(ends.server, "x");
  EXPECT_TRUE(is_silent(ends.client));
  const linger at_once{1, 0};
  ::setsockopt(ends.client.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ends.client.reset();
  EXPECT_EQ(ending(ends.server), "reset");
}

}  // namespace
}  // namespace squall::proxy
