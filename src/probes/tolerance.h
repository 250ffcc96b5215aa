// A tolerance says which samples are good. It is written over the values of a probe:
//
//   expect: {status: 200, latency: "< 500 ms", body: {matches: "ok|ready"}, json: {"$.state": up}}
//
// All demands of a mapping must hold. A scalar means equality; a text that starts with < <= > >= or
// != is a comparison, with units where the value has them; "10 ms..20 ms" is an inclusive range.
// (Texts have no order: of them only != is taken for a comparison.) The words, of which several may
// stand together, are
//
//   {equals: X}  {matches: R}  {contains: X}  {between: [a, b]}  {present: true}
//   {all: [...]}  {any: [...]}  {not: ...}
//
// R is a regular expression (ECMAScript, searched). The last three also combine whole tolerances:
// {any: [{status: 204}, {body: ok}]}. Under `json`, keys that start with "$" are JSON paths into
// the body (see core/json_path.h); what is demanded of a path that chooses several values is
// demanded of each of them.
//
// A value that is not there, or is of another type than the demand, satisfies nothing, and no `not`
// either: only {present: false} asks for absence. A sample with a problem (the target was not
// reached) is bad, unless the tolerance asks for `reached`, `open`, `exists` or `count`.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "probes/probe.h"

namespace squall::probe {

struct Rule;

struct Judgement {
  bool good = true;
  std::string why;  // the first broken part: "latency is 812 ms, not < 500 ms"; empty when good
};

class Tolerance {
 public:
  // Accepts any sample of a target that was reached.
  Tolerance() = default;
  // A null node or an empty mapping gives the tolerance above. Every mistake (unknown value name,
  // wrong unit, broken expression) is added to `diagnostics`, with its place and a hint.
  static Tolerance parse(const Node& node, const Kind& kind, Diagnostics& diagnostics);

  // Safe to call from several threads at once.
  Judgement judge(const Sample& sample) const;
  // The document it was parsed from, as JSON with quantities in canonical form: part of a plan's
  // hash. parse(node_from_json(source())) gives the same tolerance with the same source.
  const json::value& source() const { return source_; }
  // "status is 200 and latency < 500 ms"
  std::string describe() const;

 private:
  json::value source_ = nullptr;
  std::shared_ptr<const Rule> rule_;  // nothing is demanded when there is none
  bool forgives_problems_ = false;
};

}  // namespace squall::probe
