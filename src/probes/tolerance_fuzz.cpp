// The input is the name of a probe kind, a line break, a tolerance, a line break, and the values of
// a sample, both in JSON on one line. A tolerance without a mistake reads back from its source, and
// judging needs no sample in good shape.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "probes/tolerance.h"

namespace {

std::string_view take_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace squall;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const probe::Kind* kind = probe::find(probe::catalogue(), take_line(rest));
  if (kind == nullptr) return 0;
  const Result<json::value> document = parse_json(take_line(rest));
  if (!document.ok()) return 0;
  Diagnostics diagnostics;
  const auto tolerance = probe::Tolerance::parse(node_from_json(*document), *kind, diagnostics);
  static_cast<void>(diagnostics.render());
  if (!diagnostics.empty()) return 0;
  const auto again =
      probe::Tolerance::parse(node_from_json(tolerance.source()), *kind, diagnostics);
  CHECK(diagnostics.empty(), diagnostics.render());
  CHECK(again.describe() == tolerance.describe(), "the source reads back as the same tolerance");
  CHECK(compact_json(again.source()) == compact_json(tolerance.source()), "and as the same source");
  probe::Sample sample;
  if (Result<json::value> values = parse_json(take_line(rest)); values.ok()) {
    if (json::object* object = values->if_object()) sample.values = std::move(*object);
  }
  for (const char* problem : {"", "connection refused"}) {
    sample.problem = problem;
    const probe::Judgement judgement = tolerance.judge(sample);
    CHECK(judgement.good == judgement.why.empty(), "a broken sample says why");
    CHECK(again.judge(sample).good == judgement.good, "both judge alike");
  }
  return 0;
}
