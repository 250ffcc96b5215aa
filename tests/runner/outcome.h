// What a test program said, as a list of cases: from GoogleTest's JSON report where there is one,
// else from the log. A program that died counts as the failure of the case it was in.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runner/child.h"

namespace squall::runner {

struct Case {
  enum class State { passed, failed, skipped };
  std::string name;  // "ProcessStop.RefusesInit", or the sentence of a check
  State state = State::passed;
  std::string detail;  // what failed, or why it was skipped
  double seconds = 0;
};

enum class Format {
  googletest,  // a GoogleTest program; the report was asked for
  sentences,   // lines "ok - sentence", "not ok - sentence", "skip - reason", "replaying FILE"
};

struct Output {
  Format format = Format::googletest;
  std::string report;  // GoogleTest's JSON; empty when it was not written
  std::string log;
};

// All cases. Never empty: a program that ran no case at all has failed.
std::vector<Case> read_cases(const Output& output, const Ending& ending);

// The lines of tests/expected_skips.txt: a case (with '*' for any text), then why it may be
// skipped.
struct ExpectedSkip {
  std::string pattern;
  std::string reason;
  int line = 0;
};
std::vector<ExpectedSkip> read_expected_skips(std::string_view text);
bool matches(std::string_view pattern, std::string_view name);

// Turns skips that nobody expects into failures. Without root, a reason that speaks of root is
// expected.
void judge_skips(std::vector<Case>& cases, const std::vector<ExpectedSkip>& expected, bool is_root);
// One failed case for each expected skip that means no case at all.
std::vector<Case> stale_skips(const std::vector<ExpectedSkip>& expected,
                              const std::vector<Case>& all);

}  // namespace squall::runner
