#include "proxy/proxy_rig_test.h"
#include "proxy/stage_rig_test.h"

namespace squall::proxy {
namespace {

using DuplicateWriteTest = StageRig;

TEST_F(DuplicateWriteTest, RepeatsAWholeWriteBehindItself) {
  follow({toxic("duplicate_write", {{"copies", 2}})});
  take("ab");
  take("c");
  stages_.take_end(out_.now, out_);
  EXPECT_EQ(out_.text(), "abababccc");
  EXPECT_TRUE(out_.is_ended);
}

TEST_F(DuplicateWriteTest, RepeatsItsShare) {
  follow({toxic("duplicate_write", {{"share", 0.2}})});
  for (int i = 0; i < 5000; ++i) take("x");
  EXPECT_NEAR(static_cast<double>(out_.text().size()), 6000, 120);
}

TEST_F(DuplicateWriteTest, RefusesWhatCannotBe) {
  const Kind* kind = find(catalogue(), "duplicate_write");
  EXPECT_FALSE(kind->parse(*kind, nullptr, {{"copies", 17}}).ok());
  EXPECT_FALSE(kind->parse(*kind, nullptr, {{"copies", 0}}).ok());
  EXPECT_FALSE(kind->parse(*kind, nullptr, {{"share", 1.1}}).ok());
}

using DuplicateWriteOnSockets = ProxyRig;

TEST_F(DuplicateWriteOnSockets, TheServerReadsARequestTwice) {
  add("duplicate_write", {}, Stream::upstream);
  const Ends ends = open();
  send_text(ends.client, "SET a 1\n");
  EXPECT_EQ(receive(ends.server, 16), "SET a 1\nSET a 1\n");
  send_text(ends.server, "OK\n");
  EXPECT_EQ(receive(ends.client, 3), "OK\n");
  EXPECT_TRUE(is_silent(ends.client));
}

}  // namespace
}  // namespace squall::proxy
