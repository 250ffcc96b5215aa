// What a plan would do on this host, found out without touching it: for explain, for a dry run, and
// for the look before a real one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/style.h"
#include "core/node.h"
#include "core/result.h"
#include "engine/engine.h"
#include "scenario/explain.h"

namespace squall::cli {

class Explanation {
 public:
  // `plan` must outlive this. `protect` are the paths that the target maps protect.
  Explanation(const scenario::Plan& plan, const engine::Environment& environment,
              const std::vector<std::string>& protect);

  // A page of 80 columns, or fewer on a narrower terminal.
  std::string as_text(const Style& style) const;
  json::object as_json() const;
  // Every need is met, every fault can be planned now, and the guardian would refuse none.
  bool is_possible() const;
  // Why a run cannot begin, where the engine would find out only after the baseline: a fault that
  // strikes first has no victim. Later ones may get theirs meanwhile, and needs are judged by the
  // run itself, which goes on record as unsupported.
  std::optional<Error> find_obstacle() const;

 private:
  scenario::Explained explained() const;
  void foresee(const std::vector<engine::Rehearsal>& rehearsals,
               const std::vector<std::string>& protect);

  const scenario::Plan& plan_;
  engine::Environment environment_;
  sys::HostFacts host_;
  std::vector<scenario::PlannedStrike> strikes_;
  std::vector<scenario::PlannedStrike> judged_;  // likewise, with what would be refused as problems
  bool needs_are_met_ = true;
};

}  // namespace squall::cli
