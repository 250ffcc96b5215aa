// Reads scenarios for the commands that take one: the file, its target maps and settings, to a
// plan, with every mistake told at once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "core/diagnostics.h"
#include "engine/engine.h"
#include "scenario/plan.h"

namespace squall::cli {

// The words that these commands share.
struct DocumentWords {
  std::vector<std::string> targets;   // --targets FILE; a later one wins
  std::vector<std::string> settings;  // --set name=value
  std::optional<std::uint64_t> seed;
  double time_scale = 1;
  bool demand_secrets = false;
};

std::vector<Word<DocumentWords>> document_words();
// Those of a command, and these after them.
template <class Words>
std::vector<Word<Words>> and_document_words(std::vector<Word<Words>> words) {
  for (const Word<DocumentWords>& word : document_words()) words.push_back(word);
  return words;
}

// The catalogues that ship.
engine::Environment environment_of(const std::string& state);

struct Loaded {
  std::optional<scenario::Plan> plan;  // nothing when there are mistakes
  Diagnostics mistakes;
  std::vector<std::string> protect = {};  // by the target maps: no change may touch it
  std::vector<std::string> notes = {};    // what is odd but no mistake
};
// `seed` is used where the words give none. Errors: a file that cannot be read, a setting that is
// none.
Result<Loaded> load_scenario(const std::string& path, const DocumentWords& words,
                             std::uint64_t seed);

// The notes, a line each, on the standard error.
void tell_notes(const Console& console, const Loaded& loaded);

// "3 mistakes" and the mistakes, on the standard error. Returns exit_wrong_use.
int complain_of_mistakes(const Console& console, const Diagnostics& mistakes);

}  // namespace squall::cli
