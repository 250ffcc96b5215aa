#include "scenario/explain.h"

#include <gtest/gtest.h>

#include "core/text.h"
#include "document/yaml.h"
#include "scenario/fake_kinds_test.h"

namespace squall::scenario {
namespace {

using change::Keeping;

change::Kind change_kind(std::string_view name, Keeping keeping) {
  change::Kind kind;
  kind.name = name;
  kind.keeping = keeping;
  kind.describe = [name](const json::object& params) {
    return fmt::format("{} touches process {} of the service that was named", name,
                       integer_at(params, "pid"));
  };
  kind.undo = [keeping](const json::object&) -> std::string {
    return keeping == Keeping::irreversible ? "cannot be undone: what has ended stays ended"
                                            : "lets the process run on as it did before";
  };
  return kind;
}

class Explanation : public testing::Test {
 protected:
  Explanation() {
    Options options = fake::options();
    Diagnostics ignored;
    options.sources.targets =
        *document::parse_yaml(fake::golden("targets.yaml"), ignored).find("targets");
    fake::Outcome got = fake::parse(fake::golden("redis-kill.yaml"), options);
    EXPECT_EQ(got.mistakes, "");
    plan_ = *got.plan;
    strikes_.push_back(
        {"process.kill",
         fault::Strike{{{"signal", {{"pid", 4711}}}}, {}, "redis-server (pid 4711)"}});
    strikes_.push_back({"freeze", fault::Strike{{{"stop", {{"pid", 4711}}}, {"load", {{"pid", 1}}}},
                                                {},
                                                "redis-server (pid 4711)"}});
    strikes_.push_back({"cpu.burn", fault::Strike{{{"load", {{"pid", 9}}}}, {}, "2 of 4 cores"}});
    host_.may_signal_others = true;
  }

  Explained all() { return {plan_, fake::faults(), changes_, fake::probes(), host_, strikes_}; }

  Plan plan_;
  sys::HostFacts host_;
  std::vector<PlannedStrike> strikes_;
  change::Kind signal_ = change_kind("signal", Keeping::irreversible);
  change::Kind stop_ = change_kind("stop", Keeping::journaled);
  change::Kind load_ = change_kind("load", Keeping::held);
  change::Catalogue changes_ = {&signal_, &stop_, &load_};
};

TEST_F(Explanation, ReadsAsAPage) {
  fake::expect_golden("redis-kill.explain.txt", explain_text(all()));
}

TEST_F(Explanation, SaysWhatIsNotPossible) {
  host_.may_signal_others = false;
  strikes_[0].strike = error(Code::not_found, "no process is in the unit redis.service",
                             "start it, or correct the target map");
  strikes_.pop_back();
  plan_.risk_level = "high";
  plan_.time_scale = 0.1;
  plan_.accept_irreversible.clear();
  fake::expect_golden("redis-kill.impossible.txt", explain_text(all()));
  EXPECT_FALSE(bool_at(explain_json(all()), "possible", true));
}

TEST_F(Explanation, FitsOnANarrowTerminal) {
  const std::string text = explain_text(all());
  for (const std::string& line : split(text, '\n')) {
    EXPECT_LE(line.size(), 80U) << line;
    EXPECT_EQ(line, line.substr(0, line.find_last_not_of(' ') + 1)) << "ends with a blank";
  }
  EXPECT_EQ(printable(join(split(text, '\n'), " ")), join(split(text, '\n'), " "));
}

TEST_F(Explanation, HasTheSameAsJson) {
  const json::object whole = explain_json(all());
  EXPECT_EQ(text_at(whole, "hash"), hash(plan_));
  EXPECT_EQ(text_at(whole, "seed"), "42");
  EXPECT_EQ(text_at(whole, "approval"), "one other person must approve this plan, by its hash");
  EXPECT_EQ(text_at(whole, "faults_until"), "8.5 s");
  EXPECT_TRUE(bool_at(whole, "possible"));
  const json::object& kill = array_at(whole, "faults")->at(0).as_object();
  EXPECT_EQ(text_at(kill, "target"), "redis-server (pid 4711)");
  EXPECT_EQ(text_at(kill, "repeats"), "2 times, every 3 s");
  const json::object& change = array_at(kill, "changes")->at(0).as_object();
  EXPECT_EQ(text_at(change, "keeping"), change::keeping_name(Keeping::irreversible));
}

TEST_F(Explanation, OfHostileTextsTouchesNoTerminal) {
  plan_.title = "a\x1b[2Jb\nc";
  plan_.accept_irreversible = "x\xE2\x80\xAEy";
  strikes_[0].strike = fault::Strike{{{"signal", {{"pid", 1}}}}, {}, "evil\r\x1b]0;title\x07"};
  const std::string text = explain_text(all());
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find('\r'), std::string::npos);
  EXPECT_EQ(text.find("\xE2\x80\xAE"), std::string::npos);
}

TEST_F(Explanation, KnowsWhatItDoesNotKnow) {
  plan_.faults[0].kind = "disk.fill";
  strikes_[1].strike = fault::Strike{{{"unheard.of", {}}}, {}, "x"};
  const std::string text = explain_text(all());
  EXPECT_NE(text.find("does not know this fault"), std::string::npos);
  EXPECT_NE(text.find("does not know"), std::string::npos);
  EXPECT_NE(text.find("NOT POSSIBLE ON THIS HOST"), std::string::npos);
}

TEST_F(Explanation, FitsANarrowTerminal) {
  for (const std::size_t width : {40U, 60U}) {
    for (const std::string& line : split(explain_text(all(), width), '\n')) {
      const bool is_hash = line.find("  Plan  ") == 0;
      const bool is_one_word = trim(line).find(' ') == std::string::npos;  // never broken
      EXPECT_TRUE(line.size() <= width || is_hash || is_one_word) << width << ": " << line;
    }
  }
}

}  // namespace
}  // namespace squall::scenario
