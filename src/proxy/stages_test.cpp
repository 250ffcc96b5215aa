// Toxics at work on made-up data and made-up time: what they hand on, and when.
#include "proxy/stage_rig_test.h"

namespace squall::proxy {
namespace {

using StagesTest = StageRig;

TEST_F(StagesTest, LatencyPassesAtItsTimeToTheNanosecond) {
  follow({toxic("latency", {{"latency", 50}})});
  take("a");
  out_.now = milliseconds(20);
  take("b");
  run();
  ASSERT_EQ(out_.pieces.size(), 2u);
  EXPECT_EQ(out_.pieces[0].at, milliseconds(50));
  EXPECT_EQ(out_.pieces[1].at, milliseconds(70));
}

TEST_F(StagesTest, JitterStaysWithinItsBoundsAndKeepsTheOrder) {
  follow({toxic("latency", {{"latency", 50}, {"jitter", 20}})});
  std::string sent;
  for (char letter = 'a'; letter <= 'z'; ++letter) {
    take(std::string(1, letter));
    sent += letter;
  }
  run();
  EXPECT_EQ(out_.text(), sent);
  EXPECT_GE(out_.pieces.front().at, milliseconds(30));
  EXPECT_LE(out_.pieces.back().at, milliseconds(70));
  EXPECT_LT(out_.pieces.front().at, out_.pieces.back().at);
}

TEST_F(StagesTest, BandwidthIsExactOverManyChunks) {
  follow({toxic("bandwidth", {{"rate", 100}})});  // 100 bytes a millisecond
  for (int i = 0; i < 100; ++i) take(std::string(1000, 'x'));
  run();
  EXPECT_EQ(out_.text().size(), 100'000u);
  EXPECT_EQ(out_.now, milliseconds(1000));
}

TEST_F(StagesTest, BandwidthSavesNothingUpWhileNothingComes) {
  follow({toxic("bandwidth", {{"rate", 1}})});
  out_.now = seconds(10);
  take(std::string(500, 'x'));
  run();
  EXPECT_EQ(out_.now, seconds(10) + milliseconds(500));
}

TEST_F(StagesTest, SlicerKeepsItsSizesAndItsPauses) {
  follow({toxic("slicer", {{"average_size", 10}, {"size_variation", 3}, {"delay", 50}})});
  take(std::string(1000, 'x'));
  run();
  EXPECT_EQ(out_.text().size(), 1000u);
  for (std::size_t i = 0; i + 1 < out_.pieces.size(); ++i) {
    EXPECT_GE(out_.pieces[i].data.size(), 7u);
    EXPECT_LE(out_.pieces[i].data.size(), 13u);
    EXPECT_EQ(out_.pieces[i + 1].at - out_.pieces[i].at, microseconds(50));
  }
}

TEST_F(StagesTest, TheEndComesBehindEverythingThatIsHeld) {
  for (const auto& one : {toxic("latency", {{"latency", 5}}), toxic("bandwidth", {{"rate", 1}}),
                          toxic("slicer", {{"average_size", 1}, {"delay", 1}})}) {
    Stages stages;
    Recorder out;
    stages.follow({one}, {&traffic_, 0}, out.now, out);
    stages.take({out.now, "abc"}, out.now, out);
    stages.take_end(out.now, out);
    EXPECT_FALSE(out.is_ended) << one->name;
    while (stages.wake_at() != never) {
      EXPECT_FALSE(out.is_ended) << one->name;
      out.now = stages.wake_at();
      stages.wake(out.now, out);
    }
    EXPECT_EQ(out.text(), "abc") << one->name;
    EXPECT_TRUE(out.is_ended) << one->name;
  }
}

TEST_F(StagesTest, WhatDoesNotChangeIsNotDisturbed) {
  const auto kept = toxic("latency", {{"latency", 50}});
  const auto other = toxic("latency", {{"latency", 30}});
  follow({kept});
  take("a");
  out_.now = milliseconds(10);
  follow({kept, other});
  EXPECT_TRUE(out_.pieces.empty());
  follow({kept});
  EXPECT_TRUE(out_.pieces.empty());
  run();
  EXPECT_EQ(out_.now, milliseconds(50));
}

TEST_F(StagesTest, LettingGoOfSeveralKeepsTheOrder) {
  const auto first = toxic("latency", {{"latency", 50}});
  const auto second = toxic("bandwidth", {{"rate", 0}});
  follow({first, second});
  take("ab");
  out_.now = milliseconds(50);
  stages_.wake(out_.now, out_);
  take("cd");
  follow({});
  EXPECT_EQ(out_.text(), "abcd");
  EXPECT_TRUE(stages_.are_idle());
}

TEST_F(StagesTest, ToxicityIsAShareOfTheConnectionsAndTheSameForTheSameSeed) {
  const auto half = toxic("latency", {{"latency", 5}}, 0.5);
  std::string hit;
  std::string again;
  std::string elsewhere;
  const Traffic other("db", 2);
  for (std::uint64_t i = 0; i < 4000; ++i) {
    const auto acts = [&](const Traffic& traffic) {
      Stages stages;
      stages.follow({half}, {&traffic, i}, {}, out_);
      return stages.are_idle() ? '.' : 'x';
    };
    hit += acts(traffic_);
    again += acts(traffic_);
    elsewhere += acts(other);
  }
  EXPECT_EQ(hit, again);
  EXPECT_NE(hit, elsewhere);
  const auto count = std::count(hit.begin(), hit.end(), 'x');
  EXPECT_GT(count, 1800);
  EXPECT_LT(count, 2200);
}

TEST_F(StagesTest, AToxicityOutsideItsRangeIsNeverOrAlways) {
  for (std::uint64_t i = 0; i < 100; ++i) {
    Stages never_stages;
    never_stages.follow({toxic("timeout", {}, -1)}, {&traffic_, i}, {}, out_);
    EXPECT_TRUE(never_stages.are_idle());
    Stages always_stages;
    always_stages.follow({toxic("timeout", {}, 2)}, {&traffic_, i}, {}, out_);
    EXPECT_FALSE(always_stages.are_idle());
  }
}

TEST_F(StagesTest, AToxicMayActOnTheFirstConnectionsOrOnEachNth) {
  const auto hits = [&](std::int64_t first, std::int64_t every) {
    Toxic toxic = *this->toxic("timeout", {});
    toxic.first = first;
    toxic.every = every;
    toxic.since = 2;
    const std::vector<std::shared_ptr<const Toxic>> chain = {std::make_shared<const Toxic>(toxic)};
    std::string which;
    for (std::uint64_t i = 0; i < 10; ++i) {
      Stages stages;
      stages.follow(chain, {&traffic_, i}, {}, out_);
      which += stages.are_idle() ? '.' : 'x';
    }
    return which;
  };
  EXPECT_EQ(hits(0, 0), "xxxxxxxxxx");
  EXPECT_EQ(hits(2, 0), "..xx......");
  EXPECT_EQ(hits(0, 3), "....x..x..");
  EXPECT_EQ(hits(3, 3), "....x.....");
}

TEST_F(StagesTest, CorruptHitsTheSameBytesInWhateverPiecesTheyCome) {
  const auto through = [&](std::size_t piece) {
    Stages stages;
    Recorder out;
    stages.follow({toxic("corrupt", {{"share", 0.01}})}, {&traffic_, 0}, {}, out);
    for (std::size_t sent = 0; sent < 100'000; sent += piece) {
      stages.take({{}, std::string(std::min(piece, 100'000 - sent), 'x')}, {}, out);
    }
    return out.text();
  };
  const std::string whole = through(100'000);
  EXPECT_EQ(whole, through(7));
  const auto changed = static_cast<int>(whole.size()) -
                       static_cast<int>(std::count(whole.begin(), whole.end(), 'x'));
  EXPECT_GT(changed, 850);
  EXPECT_LT(changed, 1150);
}

TEST_F(StagesTest, LossStallsItsShareAndKeepsTheOrder) {
  follow({toxic("loss", {{"share", 0.1}, {"timeout", 200}})});
  int stalled = 0;
  for (int i = 0; i < 1000; ++i) {
    take("x");
    const std::size_t passed = out_.pieces.size();
    stalled += passed == static_cast<std::size_t>(i) ? 1 : 0;
    run();
  }
  EXPECT_EQ(out_.text().size(), 1000u);
  EXPECT_GT(stalled, 60);
  EXPECT_LT(stalled, 140);
  EXPECT_GE(out_.now, milliseconds(200) * stalled);
}

TEST_F(StagesTest, ResetAndLimitReachTheOutlet) {
  follow({toxic("reset_peer", {})});
  take("x");
  EXPECT_TRUE(out_.is_reset);
  follow({toxic("limit_data", {{"bytes", 0}})});
  EXPECT_FALSE(out_.is_cut);
  take("x");
  EXPECT_TRUE(out_.is_cut);
  EXPECT_TRUE(out_.is_ended);
}

TEST(Kinds, RefuseWhatCannotBe) {
  const auto refuses = [](std::string_view type, const json::object& attributes) {
    const Kind* kind = find(catalogue(), type);
    return !kind->parse(*kind, nullptr, attributes).ok();
  };
  EXPECT_TRUE(refuses("slicer", {}));
  EXPECT_TRUE(refuses("slicer", {{"average_size", 0}}));
  EXPECT_TRUE(refuses("slicer", {{"average_size", 1}, {"size_variation", -1}}));
  EXPECT_TRUE(refuses("bandwidth", {{"rate", -1}}));
  EXPECT_TRUE(refuses("bandwidth", {{"rate", INT64_MAX}}));
  EXPECT_TRUE(refuses("limit_data", {{"bytes", -1}}));
  EXPECT_TRUE(refuses("latency", {{"latency", 1.5}}));
  EXPECT_TRUE(refuses("latency", {{"latency", "5"}}));
  EXPECT_TRUE(refuses("latency", {{"latency", INT64_MAX}}));
  EXPECT_FALSE(refuses("latency", {{"Latency", 5}, {"unknown", "x"}, {"jitter", nullptr}}));
  EXPECT_FALSE(refuses("latency", {{"latency", -5}}));
}

TEST(Kinds, KeepWhatAnUpdateDoesNotName) {
  const Kind* kind = find(catalogue(), "latency");
  const Attributes first = kind->parse(*kind, nullptr, {{"latency", 5}, {"jitter", 2}}).value();
  const Attributes second = kind->parse(*kind, &first, {{"latency", 9}}).value();
  EXPECT_EQ(compact_json(second.shown), R"({"latency":9,"jitter":2})");
}

}  // namespace
}  // namespace squall::proxy
