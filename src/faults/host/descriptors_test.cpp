#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::facts_with;
using samples::mistake;
using samples::plan;
using testing::HasSubstr;

Facts host() {
  Facts facts = facts_with({});
  facts.files["/proc/sys/fs/file-nr"] = {.exists = true, .content = "20000\t0\t100000\n"};
  return facts;
}
std::int64_t count_of(std::string_view params) {
  return integer_at(plan({"host.descriptors", params}, host())->changes.at(0).params, "count");
}

TEST(HostDescriptors, OpensThatManyAndWatchesTheKernelsCount) {
  const Strike strike =
      plan({"host.descriptors", R"({"count": 20000, "ramp": "4 s"})"}, host()).value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(strike.changes[0].kind, "descriptors.ballast");
  EXPECT_EQ(canonical_json(strike.changes[0].params), R"({"count":20000,"ramp":"4 s"})");
  ASSERT_EQ(strike.watches.size(), 1U);
  EXPECT_EQ(strike.watches[0].witness, "host.descriptors");
  EXPECT_EQ(integer_at(strike.watches[0].params, "at_least"), 4950);
  EXPECT_EQ(strike.target, "20000 descriptors of the host over 4 s");
}

TEST(HostDescriptors, TakesAShareOrLeavesSomeFree) {
  EXPECT_EQ(count_of(R"({"share": "50 %"})"), 40'000);
  EXPECT_EQ(count_of(R"({"share": "50 %", "of": "total"})"), 50'000);
  EXPECT_EQ(count_of(R"({"share": "200 %", "of": "total"})"), 200'000);
  EXPECT_EQ(count_of(R"({"leave_free": 30000})"), 50'000);
}

TEST(HostDescriptors, RefusesWhatCouldNotBeSeen) {
  EXPECT_THAT(plan({"host.descriptors", R"({"count": 100})"}, host()).error().message,
              HasSubstr("too few"));
  EXPECT_THAT(
      plan({"host.descriptors", R"({"count": 5000, "ramp": "1 h"})"}, host()).error().message,
      HasSubstr("too few"));
  EXPECT_THAT(mistake("host.descriptors", "{}"), HasSubstr("not said how much"));
  EXPECT_THAT(mistake("host.descriptors", R"({"count": -5})"), HasSubstr("out of bounds"));
  EXPECT_EQ(plan({"host.descriptors", R"({"share": "5 %"})"}, facts_with({})).error().code,
            Code::unsupported);
}

}  // namespace
}  // namespace squall::fault
