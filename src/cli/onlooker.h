// Who watches a run: a person at a terminal, a log, or a machine.
#pragma once

#include <memory>
#include <string>

#include "cli/console.h"
#include "engine/verdict.h"
#include "faults/fault.h"
#include "scenario/plan.h"

namespace squall::cli {

class Onlooker {
 public:
  virtual ~Onlooker() = default;
  virtual void begin(const std::string& run, const scenario::Plan& plan) = 0;
  // Called from several threads, one at a time.
  virtual void read(const engine::Event& event) = 0;
  // Something that the operator must know, at any time and from any thread.
  virtual void remark(const std::string& text) = 0;
  // After the last event.
  virtual void end(const engine::Verdict& verdict, const std::string& timeline) = 0;
};

struct OnlookerChoice {
  bool as_json = false;
  bool is_plain = false;
};
// The live view needs a terminal; without one, plain lines are written.
std::unique_ptr<Onlooker> make_onlooker(OnlookerChoice choice, const Console& console,
                                        const fault::Catalogue& faults);

}  // namespace squall::cli
