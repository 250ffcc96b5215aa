#include <fcntl.h>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "change/holder.h"
#include "change/targets_test.h"
#include "sys/file.h"
#include "sys/nft.h"

namespace squall::change {
namespace {

const Kind& kind() {
  return *find(catalogue(), "nft.table");
}
json::object with_rule(json::object rule, const std::string& place = "") {
  return {{"name", "squall_test"}, {"namespace", place}, {"rules", json::array{std::move(rule)}}};
}

class NftTableTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    owner_ = std::make_unique<Sleeper>(Sleeper::Setting{.has_own_network = true});
    place_ = fmt::format("/proc/{}/ns/net", owner_->pid());
    params_ = with_rule({{"peer", "10.0.0.0/8"}, {"action", "drop"}}, place_);
  }
  json::object image_of(const Holder& holder) const {
    json::object image = before_;
    image["holder_pid"] = holder.id().pid;
    image["holder_start"] = static_cast<std::int64_t>(holder.id().start_ticks);
    return image;
  }
  Holder start() {
    before_ = kind().capture(params_).value();
    return Holder::start(kind(), params_, before_, seconds(2)).value();
  }

  std::unique_ptr<Sleeper> owner_;
  std::string place_;
  json::object params_;
  json::object before_;
};

TEST_F(NftTableTest, RefusesANameThatIsTaken) {
  const sys::Fd place = sys::open_file(place_, O_RDONLY).value();
  const sys::NftRule rule{.peer = "10.0.0.1"};
  const auto other =
      sys::NftOwnerTable::create("squall_test", std::span(&rule, 1), place.get()).value();
  const Result<json::object> captured = kind().capture(params_);
  ASSERT_FALSE(captured.ok());
  EXPECT_EQ(captured.error().code, Code::conflict);
}

TEST_F(NftTableTest, RefusesAPathThatLeadsToAnotherNamespaceByNow) {
  before_ = kind().capture(params_).value();
  before_["namespace"] = "0:0";
  const Result<Holder> holder = Holder::start(kind(), params_, before_, seconds(2));
  ASSERT_FALSE(holder.ok());
  EXPECT_EQ(holder.error().code, Code::conflict);
}

TEST_F(NftTableTest, IsInForceAsLongAsItsHolderWhenTheNamespaceCannotBeReached) {
  Holder holder = start();
  owner_.reset();
  EXPECT_EQ(kind().verify(params_, image_of(holder)).value(), Presence::in_force);
  const json::object image = image_of(holder);
  holder.release(seconds(1));
  EXPECT_EQ(kind().verify(params_, image).value(), Presence::absent);
}

TEST_F(NftTableTest, SaysWhatIsNoNamespace) {
  for (const char* path : {"/proc/self/ns/mnt", "/etc/passwd", "/nowhere"}) {
    const Result<json::object> captured = kind().capture(with_rule({{"peer", "10.0.0.1"}}, path));
    EXPECT_FALSE(captured.ok()) << path;
  }
}

TEST(NftTable, TellsTheGateWhatItCuts) {
  json::object params = with_rule({{"peer", "10.1.0.0/16"},
                                   {"remote_port", 443},
                                   {"protocol", "tcp"},
                                   {"direction", "out"},
                                   {"action", "reject"}});
  params["rules"].get_array().push_back(json::object{{"local_port", 22}});
  const Result<Footprint> touched = kind().footprint(params);
  ASSERT_TRUE(touched.ok()) << touched.error().render();
  ASSERT_EQ(touched->cuts.size(), 2U);
  EXPECT_EQ(touched->cuts[0].peer, "10.1.0.0/16");
  EXPECT_EQ(touched->cuts[0].remote_port, 443);
  EXPECT_EQ(touched->cuts[0].protocol, "tcp");
  EXPECT_EQ(touched->cuts[1].local_port, 22);
  EXPECT_EQ(touched->cuts[1].protocol, "any");
  EXPECT_EQ(touched->cuts[1].peer, "");
}

TEST(NftTable, RefusesRulesThatNobodyCouldMean) {
  for (const json::object& rule :
       {json::object{{"peer", "not an address"}}, json::object{{"local_port", 70000}},
        json::object{{"local_port", -1}}, json::object{{"action", "queue"}},
        json::object{{"direction", "sideways"}}, json::object{{"unknown", 1}}}) {
    EXPECT_FALSE(kind().footprint(with_rule(rule)).ok()) << canonical_json(rule);
  }
  json::object params = with_rule({{"local_port", 1}});
  params["name"] = "filter";
  EXPECT_FALSE(kind().footprint(params).ok()) << "the table of somebody else";
  params["name"] = "squall_x";
  params["rules"] = json::array{};
  EXPECT_FALSE(kind().footprint(params).ok());
}

}  // namespace
}  // namespace squall::change
