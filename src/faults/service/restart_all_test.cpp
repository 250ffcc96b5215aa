#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::mistake;
using samples::plan;
using testing::HasSubstr;

constexpr std::string_view three = R"({"units": ["a", "b", "c"], "every": "300 ms"})";

std::string unit_at(std::string_view params, std::uint64_t ordinal, std::uint64_t seed = 1) {
  const Strike strike = plan({"service.restart_all", params, seed, ordinal}, Facts{}).value();
  EXPECT_EQ(strike.watches.at(0).witness, "service.restarted");
  EXPECT_EQ(text_at(strike.watches[0].params, "unit"),
            text_at(strike.changes.at(0).params, "unit"));
  return text_at(strike.changes[0].params, "unit");
}

TEST(ServiceRestartAll, RestartsOneAfterTheOtherOnceTheOneBeforeRuns) {
  const Repeat repeat =
      find(catalogue(), "service.restart_all")->repeat(parse_json(three)->as_object()).value();
  EXPECT_EQ(repeat.times, 3);
  EXPECT_EQ(repeat.every, milliseconds(300));
  EXPECT_EQ(unit_at(three, 0), "a.service");
  EXPECT_EQ(unit_at(three, 2), "c.service");
  const Strike first = plan({"service.restart_all", three, 1, 0}, Facts{}).value();
  EXPECT_EQ(text_at(first.changes[0].params, "after"), "");
  const Strike last = plan({"service.restart_all", three, 1, 2}, Facts{}).value();
  EXPECT_EQ(text_at(last.changes[0].params, "after"), "b.service");
  EXPECT_EQ(text_at(last.changes[0].params, "limit"), "2 s");
}

TEST(ServiceRestartAll, TakesThemInTheOrderAskedFor) {
  EXPECT_EQ(unit_at(R"({"units": ["a", "b"], "order": "reversed"})", 0), "b.service");
  const std::string shuffled = R"({"units": ["a", "b", "c", "d", "e", "f"], "order": "shuffled"})";
  std::set<std::string> firsts;
  for (std::uint64_t seed = 1; seed < 40; ++seed) firsts.insert(unit_at(shuffled, 0, seed));
  EXPECT_GT(firsts.size(), 3U) << "the seed decides";
  std::set<std::string> all;
  for (std::uint64_t ordinal = 0; ordinal < 6; ++ordinal) all.insert(unit_at(shuffled, ordinal));
  EXPECT_EQ(all.size(), 6U) << "each of them once";
}

TEST(ServiceRestartAll, RefusesListsThatMakeNoSense) {
  EXPECT_THAT(mistake("service.restart_all", R"({"units": []})"),
              HasSubstr("0 services are named"));
  EXPECT_THAT(mistake("service.restart_all", R"({"units": ["a", "a"]})"), HasSubstr("named twice"));
  EXPECT_THAT(mistake("service.restart_all", R"({"units": ["a"], "manager": "supervisor"})"),
              HasSubstr("nobody would start the service"));
}

}  // namespace
}  // namespace squall::fault
