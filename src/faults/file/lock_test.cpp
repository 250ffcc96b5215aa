#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::mistake;
using samples::plan;
using testing::HasSubstr;

Facts with_file() {
  Facts facts;
  facts.files["/data/f"] = {.exists = true, .size = 1};
  return facts;
}

TEST(FileLock, LocksAndWatchesForARefusal) {
  const Strike strike = plan({"file.lock", R"({"path": "/data/f"})"}, with_file()).value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(strike.changes[0].kind, "file.lock");
  EXPECT_EQ(text_at(strike.changes[0].params, "how"), "flock");
  EXPECT_EQ(text_at(strike.changes[0].params, "wait"), "1 s");
  EXPECT_EQ(strike.watches.at(0).witness, "file.locked");
  EXPECT_FALSE(strike.watches[0].params.contains("wait"));
  EXPECT_EQ(text_at(strike.watches[0].params, "mode"), "shared") << "an exclusive lock refuses it";
}

TEST(FileLock, PassesARangeOn) {
  const Strike strike =
      plan({"file.lock",
            R"({"path": "/data/f", "how": "posix", "mode": "shared", "start": "4 KiB",
                "length": "512 B"})"},
           with_file())
          .value();
  for (const json::object& params : {strike.changes.at(0).params, strike.watches.at(0).params}) {
    EXPECT_EQ(text_at(params, "how"), "posix");
    EXPECT_EQ(text_at(params, "start"), "4 KiB");
    EXPECT_EQ(text_at(params, "length"), "512 B");
  }
  EXPECT_EQ(text_at(strike.changes[0].params, "mode"), "shared");
  EXPECT_EQ(text_at(strike.watches[0].params, "mode"), "exclusive") << "a shared lock refuses that";
}

TEST(FileLock, RefusesWhatCannotBe) {
  EXPECT_EQ(plan({"file.lock", R"({"path": "/data/g"})"}, with_file()).error().code,
            Code::not_found);
  EXPECT_THAT(mistake("file.lock", R"({"path": "/f", "length": "1 B"})"), HasSubstr("no ranges"));
  EXPECT_THAT(mistake("file.lock", R"({"path": "f"})"), HasSubstr("full path"));
  EXPECT_THAT(mistake("file.lock", R"({"path": "/f", "wait": "2 s"})"), HasSubstr("out of bounds"));
}

}  // namespace
}  // namespace squall::fault
