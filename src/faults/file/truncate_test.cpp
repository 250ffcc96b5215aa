#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::mistake;
using samples::plan;
using testing::HasSubstr;

Facts with_file(std::uint64_t size) {
  Facts facts;
  facts.files["/data/f"] = {.exists = true, .size = size, .sha256 = std::string(64, 'a')};
  return facts;
}

std::int64_t kept(std::string_view params, std::uint64_t size) {
  const Strike strike = plan({"file.truncate", params}, with_file(size)).value();
  const change::Request& request = strike.changes.at(0);
  EXPECT_EQ(request.kind, "file.content");
  EXPECT_EQ(text_at(request.params, "path"), "/data/f");
  EXPECT_EQ(text_at(request.params, "source"), "/data/f") << "its own beginning";
  EXPECT_EQ(strike.watches.at(0).witness, "file.changed");
  return integer_at(request.params, "length", -1);
}

TEST(FileTruncate, KeepsABeginningOfTheAskedSize) {
  EXPECT_EQ(kept(R"({"path": "/data/f"})", 100), 0);
  EXPECT_EQ(kept(R"({"path": "/data/f", "keep": "99 B"})", 100), 99);
  EXPECT_EQ(kept(R"({"path": "/data/f", "share": "50 %"})", 101), 50);
  EXPECT_EQ(kept(R"({"path": "/data/f", "share": "1 %"})", 1), 0);
}

TEST(FileTruncate, RefusesWhatWouldChangeNothingOrIsTooMuch) {
  const auto refusal = [](std::string_view params, std::uint64_t size) {
    const Result<Strike> strike = plan({"file.truncate", params}, with_file(size));
    return strike.ok() ? "planned" : strike.error().message;
  };
  EXPECT_THAT(refusal(R"({"path": "/data/f"})", 0), HasSubstr("change nothing"));
  EXPECT_THAT(refusal(R"({"path": "/data/f", "keep": "5 B"})", 5), HasSubstr("change nothing"));
  EXPECT_THAT(refusal(R"({"path": "/data/f", "share": "100 %"})", 5), HasSubstr("change nothing"));
  EXPECT_THAT(refusal(R"({"path": "/data/f", "share": "50 %"})", 1ULL << 30),
              HasSubstr("at most 64 MiB"));
  EXPECT_THAT(refusal(R"({"path": "/data/g"})", 5), HasSubstr("no regular file /data/g"));
}

TEST(FileTruncate, FindsMistakesInTheDocumentAlone) {
  EXPECT_THAT(mistake("file.truncate", R"({"path": "f"})"), HasSubstr("not a full path"));
  EXPECT_THAT(mistake("file.truncate", R"({"path": "/f", "keep": "1 B", "share": "1 %"})"),
              HasSubstr("both given"));
  EXPECT_THAT(mistake("file.truncate", R"({"path": "/f", "share": "101 %"})"),
              HasSubstr("out of bounds"));
}

}  // namespace
}  // namespace squall::fault
