#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/text.h"
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

struct Patch {
  std::int64_t offset = 0;
  unsigned mask = 0;
};

std::vector<Patch> patches_of(const Strike& strike) {
  std::vector<Patch> patches;
  for (const json::value& item : *array_at(strike.changes.at(0).params, "patches")) {
    const std::string mask = from_base64(text_at(item.as_object(), "xor")).value();
    EXPECT_EQ(mask.size(), 1U);
    patches.push_back(
        {integer_at(item.as_object(), "offset"), static_cast<unsigned char>(mask.at(0))});
  }
  return patches;
}

TEST(FileCorrupt, ChangesTheAskedNumberOfDifferentBytesWithinTheFile) {
  for (const std::uint64_t size : {16ULL, 17ULL, 100ULL, 4096ULL, 1ULL << 40}) {
    const Strike strike =
        plan({"file.corrupt", R"({"path": "/data/f"})", size}, with_file(size)).value();
    EXPECT_EQ(strike.changes.at(0).kind, "file.bytes");
    std::set<std::int64_t> offsets;
    for (const Patch& patch : patches_of(strike)) {
      EXPECT_NE(patch.mask, 0U) << "an XOR by zero changes nothing";
      EXPECT_GE(patch.offset, 0);
      EXPECT_LT(patch.offset, static_cast<std::int64_t>(size));
      offsets.insert(patch.offset);
    }
    EXPECT_EQ(offsets.size(), 16U) << "size " << size;
  }
}

TEST(FileCorrupt, FlipsExactlyOneBitOfEachByteInFlipMode) {
  const Strike strike =
      plan({"file.corrupt", R"({"path": "/data/f", "mode": "flip", "bytes": 64})"}, with_file(5000))
          .value();
  std::set<unsigned> masks;
  for (const Patch& patch : patches_of(strike)) {
    EXPECT_EQ(std::popcount(patch.mask), 1);
    masks.insert(patch.mask);
  }
  EXPECT_GT(masks.size(), 4U) << "64 choices among 8 bits";
}

TEST(FileCorrupt, StaysWithinTheRegion) {
  const Strike strike =
      plan({"file.corrupt", R"({"path": "/data/f", "bytes": 8, "start": "100 B", "end": "108 B"})"},
           with_file(5000))
          .value();
  std::set<std::int64_t> offsets;
  for (const Patch& patch : patches_of(strike)) offsets.insert(patch.offset);
  EXPECT_EQ(offsets, (std::set<std::int64_t>{100, 101, 102, 103, 104, 105, 106, 107}));
}

TEST(FileCorrupt, ChoosesBySeedAndByStrike) {
  const auto params = [&](std::uint64_t seed, std::uint64_t ordinal) {
    const Strike strike =
        plan({"file.corrupt", R"({"path": "/data/f"})", seed, ordinal}, with_file(5000)).value();
    return canonical_json(strike.changes.at(0).params);
  };
  EXPECT_EQ(params(1, 0), params(1, 0));
  EXPECT_NE(params(1, 0), params(2, 0));
  EXPECT_NE(params(1, 0), params(1, 1));
}

TEST(FileCorrupt, WatchesTheFile) {
  const Strike strike = plan({"file.corrupt", R"({"path": "/data/f"})"}, with_file(50)).value();
  ASSERT_EQ(strike.watches.size(), 1U);
  EXPECT_EQ(strike.watches[0].witness, "file.changed");
  EXPECT_EQ(text_at(strike.watches[0].params, "path"), "/data/f");
  EXPECT_EQ(strike.target, "16 of 50 bytes of /data/f");
}

TEST(FileCorrupt, RefusesWhatCannotBeDone) {
  const auto refusal = [](std::string_view params, const Facts& facts) {
    const Result<Strike> strike = plan({"file.corrupt", params}, facts);
    return strike.ok() ? "planned" : strike.error().message + " / " + strike.error().next;
  };
  EXPECT_THAT(refusal(R"({"path": "/data/f"})", Facts{}), HasSubstr("no regular file /data/f"));
  EXPECT_THAT(refusal(R"({"path": "/data/f"})", with_file(15)), HasSubstr("use at most 15"));
  EXPECT_THAT(refusal(R"({"path": "/data/f"})", with_file(0)), HasSubstr("has 0 bytes"));
  EXPECT_THAT(refusal(R"({"path": "/data/f", "start": "90 B"})", with_file(80)),
              HasSubstr("not within it"));
  EXPECT_THAT(refusal(R"({"path": "/data/f", "end": "90 B"})", with_file(80)),
              HasSubstr("not within it"));
}

TEST(FileCorrupt, FindsMistakesInTheDocumentAlone) {
  EXPECT_THAT(mistake("file.corrupt", R"({"path": "data/f"})"), HasSubstr("not a full path"));
  EXPECT_THAT(mistake("file.corrupt", R"({"path": "/f", "start": "9 B", "end": "9 B"})"),
              HasSubstr("ends before it begins"));
  EXPECT_THAT(mistake("file.corrupt", R"({"path": "/f", "bytes": 0})"), HasSubstr("out of bounds"));
}

}  // namespace
}  // namespace squall::fault
