// The algebra of tolerances, held on random documents and random samples.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "probes/samples_test.h"

namespace squall::probe {
namespace {

json::object one(std::string_view key, json::value value) {
  json::object object;
  object[key] = std::move(value);
  return object;
}

// Small worlds, so that demands and values meet often.
json::value random_leaf(std::string_view name) {
  if (name == "status") {
    return json::value_from(*rc::gen::element<std::string>("200", "!= 200", "< 500", "200..299",
                                                           ">= 404", "!= 404", "<= 200"));
  }
  if (name == "latency") {
    return json::value_from(*rc::gen::element<std::string>("< 10 ms", "10 ms", "5 ms..20 ms",
                                                           "!= 10 ms", "> 1 s", "<= 10 ms"));
  }
  if (name == "reached") return *rc::gen::arbitrary<bool>();
  if (name == "json") {
    const auto path = *rc::gen::element<std::string>("$.a", "$.b[*]", "$..a", "$.c", "$");
    const auto demand = *rc::gen::element<std::string>("1", "> 1", "x", "!= x", "1..2");
    return one(path, json::value_from(demand));
  }
  return *rc::gen::element<json::value>(
      json::value("ok"), json::value("!= ok"), one("matches", "^o"), one("contains", "k"),
      one("present", true), one("present", false), one("equals", "!= ok"));
}

// What is demanded of the value `name`.
json::value random_demand(std::string_view name, int depth) {
  const int shape = depth == 0 ? 0 : *rc::gen::inRange(0, 6);
  if (shape == 1) return one("not", random_demand(name, depth - 1));
  if (shape == 2 || shape == 3) {
    json::array items;
    const int count = *rc::gen::inRange(1, 4);
    for (int i = 0; i < count; ++i) items.push_back(random_demand(name, depth - 1));
    return one(shape == 2 ? "all" : "any", std::move(items));
  }
  return random_leaf(name);
}

json::object random_tolerance(int depth) {
  const int shape = depth == 0 ? 0 : *rc::gen::inRange(0, 6);
  if (shape == 1) return one("not", random_tolerance(depth - 1));
  if (shape == 2 || shape == 3) {
    json::array items;
    const int count = *rc::gen::inRange(1, 4);
    for (int i = 0; i < count; ++i) items.push_back(random_tolerance(depth - 1));
    return one(shape == 2 ? "all" : "any", std::move(items));
  }
  json::object whole;
  const int count = *rc::gen::inRange(1, 3);
  for (int i = 0; i < count; ++i) {
    const auto name =
        *rc::gen::element<std::string>("status", "latency", "reached", "json", "body");
    whole[name] = random_demand(name, depth);
  }
  return whole;
}

// Any of the values may be missing, and there may be a problem.
Sample random_sample() {
  Sample sample;
  const auto maybe = [&](std::string_view name, json::value value) {
    if (*rc::gen::inRange(0, 4) != 0) sample.values[name] = std::move(value);
  };
  maybe("status", *rc::gen::element(200, 201, 404, 500));
  maybe("latency", json::value_from(*rc::gen::element<std::string>("5 ms", "10 ms", "2 s")));
  maybe("reached", *rc::gen::arbitrary<bool>());
  maybe("body", json::value_from(*rc::gen::element<std::string>("ok", "down", "!= ok", "")));
  maybe("json", *parse_json(*rc::gen::element<std::string>(
                    R"({"a": 1})", R"({"a": "x", "b": [1, 2]})", R"({"b": [{"a": 2}], "c": "1"})",
                    "[]", "null", "1")));
  if (*rc::gen::inRange(0, 4) == 0) sample.problem = "connection refused";
  return sample;
}

bool holds(const json::value& document, const Sample& sample) {
  Diagnostics diagnostics;
  const Tolerance tolerance = tolerance_of(document, diagnostics);
  RC_ASSERT(diagnostics.empty());
  return tolerance.judge(sample).good;
}

RC_GTEST_PROP(ToleranceLaw, TwoNotsAreNone, ()) {
  const json::object x = random_tolerance(3);
  const Sample sample = random_sample();
  RC_TAG(holds(x, sample));
  RC_ASSERT(holds(one("not", one("not", x)), sample) == holds(x, sample));
}

RC_GTEST_PROP(ToleranceLaw, AThingAndItsOppositeNeverHoldTogether, ()) {
  const json::object x = random_tolerance(3);
  const Sample sample = random_sample();
  RC_ASSERT(!(holds(x, sample) && holds(one("not", x), sample)));
}

RC_GTEST_PROP(ToleranceLaw, NotOfAllIsAnyOfNots, ()) {
  const json::object x = random_tolerance(2);
  const json::object y = random_tolerance(2);
  const Sample sample = random_sample();
  RC_ASSERT(holds(one("not", one("all", json::array{x, y})), sample) ==
            holds(one("any", json::array{one("not", x), one("not", y)}), sample));
  RC_ASSERT(holds(one("not", one("any", json::array{x, y})), sample) ==
            holds(one("all", json::array{one("not", x), one("not", y)}), sample));
}

RC_GTEST_PROP(ToleranceLaw, NotOfOneValueIsNotOfItsDemand, ()) {
  const auto name = *rc::gen::element<std::string>("status", "latency", "body");
  const json::value demand = random_demand(name, 2);
  const Sample sample = random_sample();
  RC_ASSERT(holds(one("not", one(name, demand)), sample) ==
            holds(one(name, one("not", demand)), sample));
}

RC_GTEST_PROP(ToleranceLaw, AllNeedsBothAndAnyNeedsOne, ()) {
  const json::object x = random_tolerance(2);
  const json::object y = random_tolerance(2);
  Sample sample = random_sample();
  sample.problem.clear();  // which a part may forgive and the other not
  RC_ASSERT(holds(one("all", json::array{x, y}), sample) == (holds(x, sample) && holds(y, sample)));
  RC_ASSERT(holds(one("any", json::array{x, y}), sample) == (holds(x, sample) || holds(y, sample)));
}

RC_GTEST_PROP(ToleranceLaw, TheSourceReadsBackAsTheSameTolerance, ()) {
  const json::object document = random_tolerance(3);
  Diagnostics diagnostics;
  const Tolerance first = tolerance_of(document, diagnostics);
  const Tolerance second = tolerance_of(first.source(), diagnostics);
  RC_ASSERT(diagnostics.empty());
  RC_ASSERT(compact_json(second.source()) == compact_json(first.source()));
  RC_ASSERT(second.describe() == first.describe());
  const Sample sample = random_sample();
  RC_ASSERT(second.judge(sample).good == first.judge(sample).good);
  RC_ASSERT(second.judge(sample).why == first.judge(sample).why);
}

RC_GTEST_PROP(ToleranceLaw, ABrokenSampleIsToldWhyAndAGoodOneIsNot, ()) {
  Diagnostics diagnostics;
  const Tolerance tolerance = tolerance_of(random_tolerance(3), diagnostics);
  const Judgement judgement = tolerance.judge(random_sample());
  RC_ASSERT(judgement.good == judgement.why.empty());
}

}  // namespace
}  // namespace squall::probe
