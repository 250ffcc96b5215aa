// Toxics that begin after a match of bytes.
#include "proxy/gate.h"

#include "proxy/proxy_rig_test.h"
#include "proxy/stage_rig_test.h"

namespace squall::proxy {
namespace {

class GateTest : public StageRig {
 protected:
  std::shared_ptr<const Toxic> gated(std::string_view type, const json::object& attributes,
                                     std::string after) {
    Toxic one = *toxic(type, attributes);
    one.after = std::move(after);
    return std::make_shared<const Toxic>(one);
  }
};

TEST_F(GateTest, NothingHappensBeforeTheMatchAndAllBehindIt) {
  follow({gated("limit_data", {{"bytes", 2}}, "GO")});
  take("a long text without it");
  EXPECT_FALSE(out_.is_cut);
  take("and GOxyz");
  EXPECT_EQ(out_.text(), "a long text without itand GOxy");
  EXPECT_TRUE(out_.is_cut);
}

TEST_F(GateTest, FindsItsBytesInWhateverPiecesTheyCome) {
  const std::string text = "aabaabaaabaabaabb|rest";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    Stages stages;
    Recorder out;
    stages.follow({gated("limit_data", {{"bytes", 1}}, "aabaabb")}, {&traffic_, 0}, {}, out);
    for (std::size_t at = 0; at < text.size() && !out.is_cut; at += piece) {
      stages.take({{}, text.substr(at, piece)}, {}, out);
    }
    EXPECT_EQ(out.text(), "aabaabaaabaabaabb|") << piece;
  }
}

TEST_F(GateTest, ATimeCountsFromTheMatch) {
  follow({gated("timeout", {{"timeout", 10}}, "x")});
  run();
  EXPECT_FALSE(out_.is_cut);
  out_.now = seconds(5);
  take("x");
  EXPECT_EQ(stages_.wake_at(), seconds(5) + milliseconds(10));
  run();
  EXPECT_TRUE(out_.is_cut);
}

TEST_F(GateTest, AChangeDoesNotCloseAGateThatIsOpen) {
  const auto first = gated("limit_data", {{"bytes", 100}}, "x");
  follow({first});
  take("x123");
  Toxic second = *first;
  ++second.revision;
  second.attributes = second.kind->parse(*second.kind, nullptr, {{"bytes", 4}}).value();
  follow({std::make_shared<const Toxic>(second)});
  take("456");
  EXPECT_EQ(out_.text(), "x1234");
}

using GateOnSockets = ProxyRig;

TEST_F(GateOnSockets, AResetStrikesBehindTheMatch) {
  const Kind* kind = find(catalogue(), "reset_peer");
  Toxic toxic{.name = "reset_peer", .stream = Stream::upstream, .after = "COMMIT", .kind = kind};
  toxic.attributes = kind->parse(*kind, nullptr, {}).value();
  proxy_.add_toxic(std::move(toxic));
  const Ends ends = open();
  send_text(ends.client, "BEGIN;");
  EXPECT_EQ(receive(ends.server, 6), "BEGIN;");
  send_text(ends.client, "COMMIT");
  EXPECT_EQ(receive(ends.server, 6), "COMMIT");
  EXPECT_TRUE(is_silent(ends.client));
  send_text(ends.client, ";");
  EXPECT_EQ(ending(ends.client), "reset");
}

}  // namespace
}  // namespace squall::proxy
