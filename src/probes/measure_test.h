// What the tests of the probe kinds share: opening a kind of the catalogue by its name and judging
// what it measures.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "core/text.h"
#include "probes/tolerance.h"

namespace squall::probe {

inline const Kind& kind_named(std::string_view name) {
  const Kind* kind = find(catalogue(), name);
  CHECK(kind != nullptr, "the kind is in the catalogue");
  return *kind;
}

inline std::unique_ptr<Probe> open_probe(std::string_view kind, const json::object& params) {
  Result<std::unique_ptr<Probe>> probe = kind_named(kind).open(params);
  CHECK(probe.ok(), probe.error().render());
  return std::move(*probe);
}

inline Sample measure(std::string_view kind, const json::object& params,
                      Duration timeout = seconds(20)) {
  return open_probe(kind, params)->take(timeout, {});
}

// The message of the mistake that opening finds.
inline std::string mistake_in(std::string_view kind, const json::object& params) {
  const Result<std::unique_ptr<Probe>> probe = kind_named(kind).open(params);
  return probe.ok() ? "no mistake" : probe.error().render();
}

// Why the tolerance is broken by the sample; empty when it is not.
inline std::string why_broken(const Sample& sample, std::string_view kind,
                              std::string_view tolerance) {
  Diagnostics diagnostics;
  const Tolerance parsed =
      Tolerance::parse(node_from_json(*parse_json(tolerance)), kind_named(kind), diagnostics);
  CHECK(diagnostics.empty(), diagnostics.render());
  const Judgement judgement = parsed.judge(sample);
  EXPECT_EQ(judgement.good, judgement.why.empty());
  return judgement.why;
}

inline std::string text_in(const Sample& sample, std::string_view value) {
  return text_at(sample.values, value, "(there is no such text)");
}

inline Duration duration_in(const Sample& sample, std::string_view value) {
  return parse_duration(text_at(sample.values, value, "0 s")).value();
}

}  // namespace squall::probe
