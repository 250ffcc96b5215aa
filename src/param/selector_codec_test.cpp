#include "param/selector_codec.h"

#include <gtest/gtest.h>

namespace squall::param {
namespace {

Result<Selector> read(std::string_view json_text) {
  return Codec<Selector>::parse(node_from_json(*parse_json(json_text)));
}

std::string refusal(std::string_view json_text) {
  const Result<Selector> selector = read(json_text);
  return selector.ok() ? "accepted" : selector.error().message;
}

TEST(SelectorCodec, ReadsEveryCriterion) {
  const Result<Selector> selector =
      read(R"({"name":"redis-*","command_line":"--port 1","pid":7,"pid_file":"/run/x.pid",)"
           R"("unit":"redis.service","cgroup":"/a/b","parent":1,"user":"redis","port":6379,)"
           R"("container":"0123456789ab","pick":"30 %"})");
  ASSERT_TRUE(selector.ok());
  EXPECT_EQ(*selector, (Selector{.name = "redis-*",
                                 .command_line = "--port 1",
                                 .pid = 7,
                                 .pid_file = "/run/x.pid",
                                 .unit = "redis.service",
                                 .cgroup = "/a/b",
                                 .parent = 1,
                                 .user = "redis",
                                 .port = 6379,
                                 .container = "0123456789ab",
                                 .pick = "30 %"}));
  EXPECT_EQ(*Codec<Selector>::parse(node_from_json(Codec<Selector>::render(*selector))), *selector);
}

TEST(SelectorCodec, RendersOnlyWhatIsSaid) {
  EXPECT_EQ(canonical_json(Codec<Selector>::render(Selector{.unit = "a.service"})),
            R"({"unit":"a.service"})");
  EXPECT_EQ(canonical_json(Codec<Selector>::render(Selector{.unit = "a", .pick = "one"})),
            R"({"pick":"one","unit":"a"})");
}

// All criteria must match, so a selector without any would mean every process of the host.
TEST(SelectorCodec, RefusesToMeanEveryProcess) {
  constexpr const char* vague = "the selector says nothing about which processes are meant";
  EXPECT_EQ(refusal("{}"), vague);
  EXPECT_EQ(refusal(R"({"pick":"one"})"), vague);
}

// A setting that nobody filled in must not widen what is meant.
TEST(SelectorCodec, RefusesACriterionThatIsEmpty) {
  EXPECT_EQ(refusal(R"({"name":"a","user":""})"), "user: is given, but empty");
  EXPECT_EQ(refusal(R"({"name":"a","parent":0})"), "parent: is given, but empty");
  EXPECT_EQ(refusal(R"({"name":""})"), "name: is given, but empty");
}

TEST(SelectorCodec, KeepsAnAbsentSelectorAbsent) {
  EXPECT_TRUE(Codec<Selector>::render(Selector{}).is_null());
  const Result<Selector> absent = read("null");
  ASSERT_TRUE(absent.ok());
  EXPECT_TRUE(absent->empty());
}

TEST(SelectorCodec, NamesTheMistake) {
  EXPECT_EQ(refusal(R"({"nam":"redis"})"), "unknown parameter \"nam\"");
  EXPECT_EQ(refusal(R"("redis")"), "parameters are expected here, not a scalar");
  EXPECT_EQ(refusal(R"({"pid":-1})"), "pid: -1 is out of bounds");
  EXPECT_EQ(refusal(R"({"pid_file":"redis.pid"})"), "pid_file: \"redis.pid\" is not a full path");
  EXPECT_EQ(refusal(R"({"port":65536})"), "port: 65536 is out of bounds");
}

TEST(SelectorCodec, TakesIdsOfContainersOnly) {
  const std::string whole(64, 'a');
  for (const std::string& id : {whole, whole.substr(0, 12)}) {
    EXPECT_EQ(refusal(R"({"container":")" + id + "\"}"), "accepted") << id;
  }
  for (const std::string& id : {whole.substr(0, 11), whole + "a", std::string("0123456789AB"),
                                std::string("web-frontend"), std::string("../../../etc/")}) {
    EXPECT_EQ(refusal(R"({"container":")" + id + "\"}"),
              "container: \"" + (id.size() > 60 ? id.substr(0, 60) + "..." : id) +
                  "\" is not the id of a container");
  }
}

TEST(SelectorCodec, TakesEveryWayToPick) {
  for (const char* pick : {"one", "all", "3", "30 %", "100%"}) {
    EXPECT_EQ(refusal(std::string(R"({"name":"a","pick":")") + pick + "\"}"), "accepted") << pick;
  }
  for (const char* pick : {"0", "-1", "0 %", "101 %", "some", "", "1.5"}) {
    EXPECT_NE(refusal(std::string(R"({"name":"a","pick":")") + pick + "\"}"), "accepted") << pick;
  }
}

TEST(Codec, ListTakesASingleScalarForAListOfOne) {
  using Texts = std::vector<std::string>;
  EXPECT_EQ(*Codec<Texts>::parse(text_node("a")), Texts{"a"});
  EXPECT_EQ(*Codec<Texts>::parse(node_from_json(json::array{"a", 1})), (Texts{"a", "1"}));
  EXPECT_FALSE(Codec<Texts>::parse(node_from_json(json::array{json::array{}})).ok());
}

}  // namespace
}  // namespace squall::param
