// What the fuzzer runs on each input, and the tests on each file of the corpus: the whole way from
// bytes to a plan and back, with the promises that hold for every input.
#pragma once

#include <string>
#include <string_view>

#include "core/check.h"
#include "core/text.h"
#include "scenario/parse.h"

namespace squall::scenario {

// The input is a scenario; the same bytes serve as its target map where they are one. No secret is
// read. Aborts when a promise is broken.
inline void fuzz_one(std::string_view bytes, const fault::Catalogue& faults,
                     const probe::Catalogue& probes) {
  Options options{.faults = faults, .probes = probes, .sources = {}, .seed = bytes.size()};
  options.sources.demand_secrets = false;
  options.sources.targets_file = "targets.yaml";
  options.sources.settings = {{"redis.port", "6379"}};
  Diagnostics diagnostics("fuzz.yaml");
  const std::optional<Plan> plan =
      parse_scenario(std::string(bytes), "fuzz.yaml", options, diagnostics);
  CHECK(plan.has_value() == diagnostics.empty(), "a plan, or mistakes, never both");
  std::string shown;
  for (const std::string& line : split(diagnostics.render(), '\n')) shown += line;
  CHECK(shown == printable(shown), "mistakes can be shown in a terminal");
  for (const Diagnostic& mistake : diagnostics.sorted()) {
    CHECK(mistake.mark.line >= 0 && mistake.mark.column >= 0, "places are places");
    CHECK(!mistake.message.empty(), "every mistake says something");
  }
  if (!plan) return;
  const Result<Plan> back = plan_from_json(to_json(*plan));
  CHECK(back.ok(), "a plan is read back from its JSON");
  CHECK(hash(*back) == hash(*plan), "and is the same plan");
}

}  // namespace squall::scenario
