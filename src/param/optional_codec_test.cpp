#include "param/optional_codec.h"

#include <gtest/gtest.h>

#include "param/table.h"

namespace squall::param {
namespace {

struct Amount {
  std::optional<Bytes> size;
  std::optional<std::int64_t> count;
};

const Table<Amount> table{{
    field("size", &Amount::size, {.about = "How much."}),
    field("count", &Amount::count, {.about = "How many."}),
}};

Result<Amount> parse(std::string_view text) {
  return table.from_json(parse_json(text).value().as_object());
}

TEST(OptionalCodec, TellsNothingFromZero) {
  const Amount none = parse("{}").value();
  EXPECT_EQ(none.size, std::nullopt);
  EXPECT_EQ(parse(R"({"size": null})")->size, std::nullopt);
  EXPECT_EQ(parse(R"({"size": "0 B"})")->size, Bytes{0});
  EXPECT_EQ(parse(R"({"count": 3})")->count, 3);
}

TEST(OptionalCodec, ReadsBackWhatItRenders) {
  const Amount given{.size = Bytes{4096}};
  const json::object rendered = table.to_json(given);
  EXPECT_EQ(canonical_json(rendered), R"({"count":null,"size":"4 KiB"})");
  EXPECT_EQ(table.from_json(rendered)->size, given.size);
  EXPECT_EQ(table.from_json(rendered)->count, std::nullopt);
}

TEST(OptionalCodec, SpeaksOfMistakesAsTheValueItselfDoes) {
  EXPECT_FALSE(parse(R"({"size": "many"})").ok());
  EXPECT_EQ(table.fields()[0].type, Codec<Bytes>::type);
  EXPECT_TRUE(table.fields()[0].fallback.empty());
}

}  // namespace
}  // namespace squall::param
