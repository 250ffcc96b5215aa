#include "param/text_map_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall::param {
namespace {

using ::testing::HasSubstr;

TEST(TextMapCodec, ReadsBackWhatItRenders) {
  const TextMap texts = {{"Accept", "text/plain"}, {"X-Count", "007"}};
  const json::value rendered = Codec<TextMap>::render(texts);
  EXPECT_EQ(canonical_json(rendered), R"({"Accept":"text/plain","X-Count":"007"})");
  const Result<TextMap> again = Codec<TextMap>::parse(node_from_json(rendered));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(*again, texts);
}

TEST(TextMapCodec, KeepsThePlainTextOfNumbers) {
  Node node;
  node.kind = Node::Kind::mapping;
  node.entries.push_back({"PORT", {}, Node{.kind = Node::Kind::scalar, .text = "0080"}});
  EXPECT_EQ(Codec<TextMap>::parse(node)->at("PORT"), "0080");
}

TEST(TextMapCodec, ReadsNothingAsEmpty) {
  EXPECT_TRUE(Codec<TextMap>::parse(Node{})->empty());
}

TEST(TextMapCodec, NamesTheKeyWhoseValueIsNoText) {
  const auto nested = Codec<TextMap>::parse(node_from_json(*parse_json(R"({"a":"b","c":[1]})")));
  ASSERT_FALSE(nested.ok());
  EXPECT_THAT(nested.error().message, HasSubstr("\"c\" should have a text, not a sequence"));
  const auto list = Codec<TextMap>::parse(node_from_json(*parse_json("[1]")));
  ASSERT_FALSE(list.ok());
  EXPECT_THAT(list.error().message, HasSubstr("mapping of texts"));
}

}  // namespace
}  // namespace squall::param
