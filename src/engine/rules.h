// The rules of the verdict, in the order in which they are asked. Each looks at the evidence and
// says, one sentence each, what it found; the first rule that finds something settles the outcome.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/evidence.h"
#include "engine/verdict.h"

namespace squall::engine {

using Findings = std::vector<std::string>;

struct Rule {
  std::string_view name;
  Outcome outcome;
  Findings (*find)(const Evidence& evidence);
};

// A run in which no rule finds anything has held.
std::span<const Rule> rules();

// Every way in which the host is not as it was: changes not undone, and a fingerprint that differs
// or was not taken.
Findings not_restored(const Evidence& evidence);

// Every spell that somebody else, or the host, ended clearly before its time.
Findings early_ends(const Evidence& evidence);

// "process.kill on redis-server (pid 4711)"; several are joined.
std::string describe_faults(const Story& story);

}  // namespace squall::engine
