#include "param/table.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "param/selector_codec.h"

namespace squall::param {
namespace {

enum class Mode { soft, hard };

struct Blow {
  Selector select;
  Duration lasting = milliseconds(250);
  Bytes size{64 << 10};
  Share load{0.5};
  Rate pace{2};
  std::int64_t cores = 1;
  double factor = 1.5;
  bool deep = false;
  std::string label;
  std::vector<std::string> paths;
  Mode mode = Mode::soft;
};

const Table<Blow>& table() {
  static const Table<Blow> made{{
      field("select", &Blow::select, {.about = "Who is hit.", .required = true}),
      field("lasting", &Blow::lasting,
            {.about = "How long.",
             .min = milliseconds(1),
             .max = seconds(60),
             .typical_low = milliseconds(10),
             .typical_high = seconds(5)}),
      field("size", &Blow::size, {.about = "How much.", .min = Bytes{1}}),
      field("load", &Blow::load, {.about = "How strong.", .max = Share{1}}),
      field("pace", &Blow::pace, {.about = "How often."}),
      field("cores", &Blow::cores,
            {.about = "How many.", .min = 1, .max = 64, .typical_low = 1, .typical_high = 4}),
      field("factor", &Blow::factor, {.about = "How steep.", .min = 0.5, .max = 4}),
      field("deep", &Blow::deep, {.about = "Whether deep."}),
      field("label", &Blow::label, {.about = "A name for it."}),
      field("paths", &Blow::paths, {.about = "Where."}),
      choice("mode", &Blow::mode, {{"soft", Mode::soft}, {"hard", Mode::hard}}, "How gently."),
  }};
  return made;
}

struct At {
  std::string key;
  Node value;
};

Node scalar(std::string text, Mark mark = {}) {
  return {.kind = Node::Kind::scalar, .mark = mark, .text = std::move(text)};
}

Node mapping(std::vector<At> members) {
  Node node{.kind = Node::Kind::mapping, .mark = {1, 1}};
  int line = 1;
  for (At& member : members) {
    member.value.mark = {line, 20};
    node.entries.push_back({member.key, {line++, 3}, std::move(member.value)});
  }
  return node;
}

Node selector(std::string name) {
  return mapping({{"name", scalar(std::move(name))}});
}

std::string mistakes(const Node& node) {
  Diagnostics diagnostics("x");
  table().parse(node, diagnostics);
  return diagnostics.render();
}

TEST(Table, ReadsEveryTypeOfValue) {
  Diagnostics diagnostics;
  const Blow blow = table().parse(mapping({{"select", selector("redis-*")},
                                           {"lasting", scalar("1.5 s")},
                                           {"size", scalar("2 MiB")},
                                           {"load", scalar("30 %")},
                                           {"pace", scalar("6 /min")},
                                           {"cores", scalar("4")},
                                           {"factor", scalar("2.5")},
                                           {"deep", scalar("true")},
                                           {"label", scalar("007")},
                                           {"paths", scalar("/tmp/a")},
                                           {"mode", scalar("hard")}}),
                                  diagnostics);
  EXPECT_EQ(diagnostics.render(), "");
  EXPECT_EQ(blow.select.name, "redis-*");
  EXPECT_EQ(blow.lasting, milliseconds(1500));
  EXPECT_EQ(blow.size.count, 2U << 20);
  EXPECT_DOUBLE_EQ(blow.load.fraction, 0.3);
  EXPECT_DOUBLE_EQ(blow.pace.per_second, 0.1);
  EXPECT_EQ(blow.cores, 4);
  EXPECT_DOUBLE_EQ(blow.factor, 2.5);
  EXPECT_TRUE(blow.deep);
  EXPECT_EQ(blow.label, "007");
  EXPECT_EQ(blow.paths, std::vector<std::string>{"/tmp/a"});
  EXPECT_EQ(blow.mode, Mode::hard);
}

TEST(Table, ReportsEveryMistakeAtItsPlace) {
  EXPECT_EQ(mistakes(mapping({{"lasting", scalar("2")},
                              {"siez", scalar("1 MiB")},
                              {"cores", scalar("65")},
                              {"factor", text_node("2")},
                              {"deep", scalar("yes")},
                              {"mode", scalar("medium")},
                              {"paths", mapping({})}})),
            "x:1:1: \"select\" is missing\n"
            "  hint: Who is hit.\n"
            "x:1:20: lasting: the duration \"2\" has no unit\n"
            "  hint: write for example \"2 s\" or \"2 ms\"\n"
            "x:2:3: unknown parameter \"siez\"\n"
            "  hint: did you mean \"size\"?\n"
            "x:3:20: cores: 65 is out of bounds\n"
            "  hint: allowed: 1 to 64\n"
            "x:4:20: factor: \"2\" is not a number\n"
            "x:5:20: deep: \"yes\" is not a boolean (true or false)\n"
            "x:6:20: mode: \"medium\" is not one of the words allowed here\n"
            "  hint: use soft or hard\n"
            "x:7:20: paths: a list of texts is expected here, not a mapping\n");
}

TEST(Table, HoldsEveryBound) {
  const auto with = [](std::string key, std::string value) {
    return mistakes(mapping({{"select", selector("a")}, {std::move(key), scalar(value)}}));
  };
  EXPECT_EQ(with("lasting", "1 ms"), "");
  EXPECT_EQ(with("lasting", "60 s"), "");
  EXPECT_NE(with("lasting", "999 us"), "");
  EXPECT_NE(with("lasting", "60.001 s"), "");
  EXPECT_NE(with("size", "0 B"), "");
  EXPECT_EQ(with("load", "100 %"), "");
  EXPECT_NE(with("load", "100.1 %"), "");
  EXPECT_NE(with("factor", "0.49"), "");
}

TEST(Table, TakesNothingForAnEmptyMapping) {
  EXPECT_EQ(mistakes(Node{.mark = {7, 2}}), "x:7:2: \"select\" is missing\n  hint: Who is hit.\n");
}

TEST(Table, TakesAnEmptyValueOfARequiredParameterForMissing) {
  EXPECT_EQ(mistakes(mapping({{"select", Node{}}})),
            "x:1:1: \"select\" is missing\n  hint: Who is hit.\n");
}

TEST(Table, RefusesAnythingButAMapping) {
  const std::string text = mistakes(scalar("redis", {3, 4}));
  EXPECT_EQ(text.substr(0, text.find('\n')), "x:3:4: parameters are expected here, not a scalar");
}

TEST(Table, CanonicalFormHasEveryFieldWithUnits) {
  Diagnostics diagnostics;
  const json::object object = table().canonical(mapping({{"select", selector("a")}}), diagnostics);
  EXPECT_EQ(canonical_json(object),
            R"({"cores":1,"deep":false,"factor":1.5,"label":"","lasting":"250 ms","load":"50 %",)"
            R"("mode":"soft","pace":"2 /s","paths":[],"select":{"name":"a"},"size":"64 KiB"})");
}

TEST(Table, FromJsonGivesTheFirstMistakeAsError) {
  const Result<Blow> blow = table().from_json({{"select", {{"name", "a"}}}, {"lasting", 5}});
  ASSERT_FALSE(blow.ok());
  EXPECT_EQ(blow.error().message, "lasting: the duration \"5\" has no unit");
}

TEST(Table, DescribesItsFields) {
  const std::vector<FieldInfo> fields = table().fields();
  EXPECT_TRUE(fields[0].required);
  EXPECT_EQ(fields[0].type, "process selector");
  EXPECT_EQ(fields[0].fallback, "");
  EXPECT_EQ(fields[1].fallback, "250 ms");
  EXPECT_EQ(fields[1].bounds, "1 ms to 1 min");
  EXPECT_EQ(fields[2].bounds, "at least 1 B");
  EXPECT_EQ(fields[3].bounds, "at most 100 %");
  EXPECT_EQ(fields[10].fallback, "soft");
}

TEST(Table, SchemaNamesRequiredBoundsAndWords) {
  const json::object schema = table().schema();
  EXPECT_EQ(schema.at("required"), (json::array{"select"}));
  EXPECT_EQ(schema.at("additionalProperties"), json::value(false));
  const json::object& properties = schema.at("properties").as_object();
  EXPECT_EQ(properties.at("cores").at("minimum").to_number<double>(), 1);
  EXPECT_EQ(properties.at("cores").at("maximum").to_number<double>(), 64);
  EXPECT_EQ(properties.at("mode").at("enum"), (json::array{"soft", "hard"}));
  EXPECT_EQ(properties.at("lasting").at("description"), "How long.");
}

TEST(Table, DrawStaysInTheTypicalRangeAndLeavesTheRest) {
  std::set<std::int64_t> cores;
  for (std::uint64_t ordinal = 0; ordinal < 200; ++ordinal) {
    const Blow blow = table().draw(Blow{.label = "kept"}, Choices(5, "blow"), ordinal);
    EXPECT_GE(blow.lasting, milliseconds(10));
    EXPECT_LE(blow.lasting, seconds(5));
    EXPECT_EQ(blow.factor, 1.5);
    EXPECT_EQ(blow.label, "kept");
    cores.insert(blow.cores);
  }
  EXPECT_EQ(cores, (std::set<std::int64_t>{1, 2, 3, 4}));
}

RC_GTEST_PROP(Table, CanonicalFormIsAFixedPoint, ()) {
  Blow blow;
  blow.select.name = *rc::gen::nonEmpty<std::string>();
  blow.lasting = nanoseconds(*rc::gen::inRange<std::int64_t>(1'000'000, 60'000'000'000));
  blow.size = Bytes{*rc::gen::inRange<std::uint64_t>(1, 1ULL << 60)};
  blow.load = Share{*rc::gen::inRange(0, 1'000'000) / 1e6};
  blow.pace = Rate{*rc::gen::inRange(0, 1'000'000) / 3e6};
  blow.cores = *rc::gen::inRange<std::int64_t>(1, 65);
  blow.factor = *rc::gen::inRange(50, 401) / 100.0;
  blow.label = *rc::gen::arbitrary<std::string>();
  blow.paths = *rc::gen::arbitrary<std::vector<std::string>>();
  const std::string canonical = canonical_json(table().to_json(blow));
  const Result<Blow> back = table().from_json(table().to_json(blow));
  RC_ASSERT(back.ok());
  RC_ASSERT(canonical_json(table().to_json(*back)) == canonical);
}

}  // namespace
}  // namespace squall::param
