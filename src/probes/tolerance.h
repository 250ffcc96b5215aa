// A tolerance says which samples are good. It is written over the values of a probe:
//
//   expect: {status: 200, latency: "< 500 ms", body: {matches: "ok|ready"}, json: {"$.state": up}}
//
// A scalar is equality, a text that starts with < <= > >= != is a comparison with units, "10..20"
// is an inclusive range, {matches: R} is a regular expression (ECMAScript, searched), {between: [a,
// b]}, {all: [...]}, {any: [...]}, {not: ...}. Under `json`, keys are JSON paths into a body.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "probes/probe.h"

namespace squall::probe {

struct Judgement {
  bool good = true;
  std::string why;  // the first broken part: "latency is 812 ms, not < 500 ms"; empty when good
};

class Tolerance {
 public:
  // Accepts any sample of a target that was reached.
  Tolerance() = default;
  // Every mistake (unknown value name, wrong unit, broken expression) is added to `diagnostics`.
  static Tolerance parse(const Node& node, const Kind& kind, Diagnostics& diagnostics);

  Judgement judge(const Sample& sample) const;
  // The document it was parsed from, as JSON: part of a plan's hash, and what parse reads again.
  const json::value& source() const { return source_; }
  // "status is 200 and latency < 500 ms"
  std::string describe() const;

 private:
  struct Rule;
  json::value source_ = nullptr;
  std::vector<std::shared_ptr<const Rule>> rules_;
};

}  // namespace squall::probe
