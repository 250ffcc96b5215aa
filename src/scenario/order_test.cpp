#include <algorithm>
#include <map>

#include <gtest/gtest.h>

#include "scenario/fake_kinds_test.h"

namespace squall::scenario {
namespace {

using fake::document;
using fake::Outcome;
using fake::parse;

std::string burn(const std::string& words) {
  return "  - {cpu.burn: {}, " + words + "}\n";
}

// "id start-end id start-end ..." in the order of the document, in seconds.
std::string moments(const Outcome& got) {
  if (!got.plan) return got.mistakes;
  std::string text;
  for (const PlannedFault& fault : got.plan->faults) {
    text += fmt::format("{}{} {}-{}", text.empty() ? "" : ", ", fault.id, fault.at.seconds(),
                        (fault.at + fault.lasts).seconds());
  }
  return text;
}

TEST(Order, TogetherTakesMomentsAsWritten) {
  EXPECT_EQ(moments(parse(document("faults:\n" + burn("for: 5 s") + burn("at: 2 s, for: 1 s")))),
            "cpu.burn 0-5, cpu.burn#2 2-3");
}

TEST(Order, InTurnCountsFromTheEndBefore) {
  EXPECT_EQ(moments(parse(document("order: in_turn\nfaults:\n" + burn("at: 1 s, for: 5 s") +
                                   burn("for: 2 s") + burn("at: 3 s, for: 1 s")))),
            "cpu.burn 1-6, cpu.burn#2 6-8, cpu.burn#3 11-12");
}

TEST(Order, InTurnWaitsForTheLastStrikeOfARepeatedFault) {
  EXPECT_EQ(moments(parse(document("order: in_turn\naccept_irreversible: fine here\nfaults:\n"
                                   "  - process.kill: {select: {name: a}, times: 4}\n" +
                                   burn("for: 1 s")))),
            "process.kill 0-0, cpu.burn 9-10");
}

TEST(Order, CascadeStartsStepByStepAndEndsTogether) {
  const std::string head = "order: cascade\nstep: 2 s\nfaults:\n";
  EXPECT_EQ(
      moments(parse(document(head + burn("at: 1 s, for: 10 s") + burn("id: b") + burn("id: c")))),
      "cpu.burn 1-11, b 3-11, c 5-11");
  EXPECT_EQ(moments(parse(document(head + burn("for: 3 s") + burn("for: 3 s") + burn("for: 3 s")))),
            "cpu.burn 0-7, cpu.burn#2 2-7, cpu.burn#3 4-7");
  EXPECT_EQ(moments(parse(document(head + burn("for: 3 s") + burn("id: b") + burn("id: late")))),
            "s.yaml:9:6: cpu.burn would start after the cascade has ended\n"
            "  hint: the others end at 3 s; make \"for\" longer or the step shorter\n");
}

TEST(Order, CascadeNeedsAStepAndOnlyItHasOne) {
  EXPECT_NE(parse(document("order: cascade\nfaults:\n" + burn("for: 1 s")))
                .mistakes.find("a cascade needs \"step\""),
            std::string::npos);
  EXPECT_NE(parse(document("step: 1 s\nfaults:\n" + burn("for: 1 s")))
                .mistakes.find("only order: cascade has it"),
            std::string::npos);
  EXPECT_NE(parse(document("order: cascade\nstep: 1 s\nfaults:\n" + burn("id: a") + burn("id: b")))
                .mistakes.find("cpu.burn needs \"for\""),
            std::string::npos);
  EXPECT_NE(parse(document("order: cascade\nstep: 1 s\nfaults:\n" + burn("for: 9 s") +
                           burn("at: 1 s, id: b")))
                .mistakes.find("in a cascade the step decides"),
            std::string::npos);
}

std::vector<std::string> shuffled(const std::string& items, std::uint64_t seed) {
  Options options = fake::options();
  options.seed = seed;
  const Outcome got = parse(document("order: shuffled\nfaults:\n" + items), options);
  EXPECT_EQ(got.mistakes, "");
  std::vector<PlannedFault> faults = got.plan->faults;
  std::sort(faults.begin(), faults.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  std::vector<std::string> ids;
  for (const PlannedFault& fault : faults) ids.push_back(fault.id);
  return ids;
}

TEST(Order, ShuffledHangsOnTheSeedAlone) {
  std::string items;
  for (const char* id : {"a", "b", "c", "d"}) items += burn(fmt::format("id: {}, for: 1 s", id));
  std::map<std::vector<std::string>, int> seen;
  for (std::uint64_t seed = 0; seed < 200; ++seed) ++seen[shuffled(items, seed)];
  EXPECT_EQ(shuffled(items, 7), shuffled(items, 7));
  EXPECT_GT(seen.size(), 20U) << "of 24 orders";
}

TEST(Order, ShuffledKeepsTheRestWhenOneFaultIsDeleted) {
  const std::vector<std::string> names = {"a", "b", "c", "d"};
  const auto items_without = [&](std::string_view left_out) {
    std::string items;
    for (const std::string& id : names) {
      if (id != left_out) items += burn(fmt::format("id: {}, for: 1 s", id));
    }
    return items;
  };
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    for (const std::string& name : names) {
      std::vector<std::string> expected = shuffled(items_without(""), seed);
      std::erase(expected, name);
      EXPECT_EQ(shuffled(items_without(name), seed), expected);
    }
  }
}

TEST(Faults, ReportTheirMistakes) {
  const auto mistakes = [](const std::string& items) {
    return parse(document("faults:\n" + items)).mistakes;
  };
  EXPECT_EQ(mistakes("  - proces.pause: {select: {name: a}}\n    for: 1 s\n"),
            "s.yaml:5:5: unknown fault \"proces.pause\"\n"
            "  hint: did you mean \"process.pause\"?\n");
  EXPECT_EQ(mistakes("  - disk.fill: {}\n"),
            "s.yaml:5:5: unknown fault \"disk.fill\"\n"
            "  hint: known: cpu.burn, process.kill and process.pause\n");
  EXPECT_EQ(mistakes("  - {at: 1 s}\n"),
            "s.yaml:5:5: no fault is named here\n"
            "  hint: write for example process.pause: {select: {unit: \"${redis.unit}\"}}\n");
  EXPECT_EQ(mistakes("  - cpu.burn\n"),
            "s.yaml:5:5: faults: an item is a mapping, not a scalar\n"
            "  hint: is there a colon missing?\n");
  EXPECT_EQ(mistakes("  - cpu.burn:\n"),
            "s.yaml:5:5: cpu.burn needs \"for\"\n"
            "  hint: say how long it stays in force, for example for: 5 s\n");
  EXPECT_EQ(mistakes("  - {cpu.burn: {}, form: 1 s}\n"),
            "s.yaml:5:6: cpu.burn needs \"for\"\n"
            "  hint: say how long it stays in force, for example for: 5 s\n"
            "s.yaml:5:20: unknown key \"form\" in an item with a fault\n"
            "  hint: did you mean \"for\"?\n");
  EXPECT_EQ(mistakes("  - cpu.burn: {load: 120 %, lod: 1 %}\n    for: 1 s\n"),
            "s.yaml:5:22: load: 120 % is out of bounds\n"
            "  hint: allowed: at most 100 %\n"
            "s.yaml:5:29: unknown parameter \"lod\"\n"
            "  hint: did you mean \"load\"?\n");
  EXPECT_EQ(mistakes("  - process.pause: {}\n    for: 1 s\n"),
            "s.yaml:5:20: \"select\" is missing\n  hint: Who is hit.\n");
  EXPECT_EQ(mistakes("  - {cpu.burn: , for: 1 s, id: a b}\n"),
            "s.yaml:5:32: \"a b\" cannot be the id of a fault\n"
            "  hint: use up to 64 letters, digits, \"_\", \"-\", \".\" or \"#\"\n");
  EXPECT_EQ(mistakes("  - {cpu.burn: , for: 1 s, id: a}\n  - {cpu.burn: , for: 1 s, id: a}\n"),
            "s.yaml:6:32: a second fault has the id \"a\"\n"
            "  hint: its random choices hang on the id; choose another\n");
}

TEST(Faults, ThatAreOverAtOnceTakeNoDuration) {
  EXPECT_EQ(parse(document("accept_irreversible: fine here\nfaults:\n"
                           "  - process.kill: {select: {name: a}}\n    for: 1 s\n"))
                .mistakes,
            "s.yaml:7:10: process.kill is over at once, so \"for\" has no meaning\n"
            "  hint: leave it out\n");
}

TEST(Faults, ReportWhatOnlySeveralParametersShow) {
  EXPECT_EQ(parse(document("accept_irreversible: fine here\nfaults:\n"
                           "  - process.kill: {select: {name: a}, signal: CHLD}\n"))
                .mistakes,
            "s.yaml:6:19: signal: CHLD ends no process\n  hint: use KILL or TERM\n");
}

TEST(Faults, GetIdsThatNobodyElseHas) {
  EXPECT_EQ(moments(parse(document("faults:\n" + burn("for: 1 s") + burn("for: 1 s, id: cpu.burn") +
                                   burn("for: 1 s")))),
            "cpu.burn#2 0-1, cpu.burn 0-1, cpu.burn#3 0-1");
}

}  // namespace
}  // namespace squall::scenario
