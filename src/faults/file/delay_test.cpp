#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::mistake;
using samples::plan;
using testing::HasSubstr;

Facts with_file(std::string kernel) {
  Facts facts = samples::facts_with({});
  facts.host.kernel = std::move(kernel);
  facts.files["/data/f"] = {.exists = true, .size = 1};
  return facts;
}

TEST(FileDelay, AsksForTheDelayAndAWitnessOfMostOfIt) {
  const Strike strike =
      plan({"file.delay", R"({"path": "/data/f", "delay": "200 ms"})"}, with_file("6.18.0"))
          .value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(strike.changes[0].kind, "file.access");
  EXPECT_EQ(text_at(strike.changes[0].params, "delay"), "200 ms");
  EXPECT_EQ(integer_at(strike.changes[0].params, "error"), 0);
  EXPECT_EQ(strike.watches.at(0).witness, "file.slow");
  EXPECT_EQ(text_at(strike.watches[0].params, "at_least"), "160 ms");
}

TEST(FileDelay, IsServedByOldKernelsForOpeningAndReading) {
  const auto result = [](std::string_view on) {
    const std::string params =
        R"({"path": "/data/f", "delay": "1 s", "on": ")" + std::string(on) + R"("})";
    return plan({"file.delay", params}, with_file("5.10.0"));
  };
  EXPECT_TRUE(result("open").ok());
  EXPECT_TRUE(result("read").ok());
  ASSERT_FALSE(result("use").ok());
  EXPECT_EQ(result("use").error().code, Code::unsupported);
}

TEST(FileDelay, FindsMistakesInTheDocumentAlone) {
  EXPECT_THAT(mistake("file.delay", R"({"path": "f", "delay": "1 s"})"), HasSubstr("full path"));
  EXPECT_THAT(mistake("file.delay", R"({"path": "/f", "delay": "1 h"})"),
              HasSubstr("out of bounds"));
  EXPECT_NE(mistake("file.delay", R"({"path": "/f"})"), "");
}

}  // namespace
}  // namespace squall::fault
