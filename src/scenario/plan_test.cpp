#include "scenario/plan.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "core/text.h"

namespace squall::scenario {
namespace {

std::string any_text() {
  return printable(*rc::gen::arbitrary<std::string>());
}

Duration any_duration() {
  return nanoseconds(*rc::gen::inRange<std::int64_t>(0, 1LL << 60) >> *rc::gen::inRange(0, 60));
}

Plan any_plan() {
  Plan plan;
  plan.name = any_text();
  plan.title = any_text();
  plan.hypothesis = any_text();
  plan.category = any_text();
  plan.tags = {any_text(), any_text()};
  plan.risk_weight = *rc::gen::inRange(0, 1000) / 8.0;
  plan.seed = *rc::gen::arbitrary<std::uint64_t>();
  plan.time_scale = *rc::gen::inRange(1, 10'000) / 1000.0;
  plan.accept_irreversible = any_text();
  plan.baseline = any_duration();
  plan.recover_within = any_duration();
  plan.fingerprint_files = {any_text()};
  const int checks = *rc::gen::inRange(0, 4);
  for (int i = 0; i < checks; ++i) {
    plan.checks.push_back({.name = any_text(),
                           .probe = "tcp",
                           .params = {{"port", i}, {"send", any_text()}},
                           .expect = json::object{{"latency", "< 1 s"}},
                           .every = any_duration(),
                           .timeout = any_duration(),
                           .demand = static_cast<Demand>(*rc::gen::inRange(0, 4)),
                           .within = any_duration(),
                           .gate = static_cast<Gate>(*rc::gen::inRange(0, 3))});
  }
  plan.faults.push_back(
      {any_text(), "cpu.burn", {{"load", "50 %"}}, any_duration(), any_duration()});
  plan.stops.push_back({any_text(), "cpu", any_text(), ">", *rc::gen::inRange(0, 1000) / 1000.0,
                        any_duration(), any_duration()});
  return plan;
}

RC_GTEST_PROP(Plan, IsReadBackFromItsJson, ()) {
  const Plan plan = any_plan();
  const std::string text = canonical_json(to_json(plan));
  const Result<Plan> back = plan_from_json(parse_json(text)->as_object());
  RC_ASSERT(back.ok());
  RC_ASSERT(canonical_json(to_json(*back)) == text);
  RC_ASSERT(back->seed == plan.seed);
  RC_ASSERT(hash(*back) == hash(plan));
}

TEST(Plan, HashChangesWithEveryPart) {
  const Plan base;
  EXPECT_EQ(hash(base), hash(Plan{}));
  EXPECT_EQ(hash(base).size(), 64U);
  Plan other = base;
  other.seed = UINT64_MAX;
  EXPECT_NE(hash(other), hash(base));
  other = base;
  other.time_scale = 0.1;
  EXPECT_NE(hash(other), hash(base));
  other = base;
  other.faults.push_back({"a", "cpu.burn", {}, {}, seconds(1)});
  EXPECT_NE(hash(other), hash(base));
  Plan longer = other;
  longer.faults[0].lasts = nanoseconds(1'000'000'001);
  EXPECT_NE(hash(longer), hash(other));
}

TEST(Plan, OfAnotherShapeIsRefusedWithItsName) {
  const auto refusal = [](json::object object) {
    const Result<Plan> plan = plan_from_json(object);
    return plan.ok() ? "accepted" : plan.error().render();
  };
  EXPECT_EQ(refusal({}), "the plan is not of format 1");
  json::object object = to_json(Plan{});
  EXPECT_EQ(refusal(object), "accepted");
  object["seed"] = 5;
  EXPECT_EQ(refusal(object), "while reading a plan: \"seed\" is not a text");
  object["seed"] = "5x";
  EXPECT_EQ(refusal(object), "while reading a plan: \"seed\" is not a whole number in a text");
  object = to_json(Plan{});
  object["checks"] = json::array{json::object{{"name", "a"}}};
  EXPECT_EQ(refusal(object), "while reading check 1: \"probe\" is not a text");
  object["checks"] = json::array{5};
  EXPECT_EQ(refusal(object), "check is no object");
  object = to_json(Plan{});
  object["baseline"] = "soon";
  EXPECT_EQ(refusal(object), "while reading a plan: \"baseline\" is not a duration");
}

TEST(Plan, NamesItsWords) {
  EXPECT_EQ(demand_name(Demand::eventually), "eventually");
  EXPECT_EQ(gate_name(Gate::heal), "heal");
}

}  // namespace
}  // namespace squall::scenario
