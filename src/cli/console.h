// Where a command says things: answers go to the standard output, complaints to the standard error.
#pragma once

#include <atomic>
#include <string>
#include <string_view>

#include "cli/style.h"
#include "core/node.h"
#include "core/result.h"

namespace squall::cli {

// The exit codes of squall. A verdict has its own (engine/verdict.h); these are the same numbers.
enum Exit : int {
  exit_held = 0,         // it is so, or it is done
  exit_refuted = 1,      // it is not so, or it could not be done
  exit_wrong_use = 2,    // the command line or a document is wrong
  exit_unsupported = 3,  // this host cannot do it, or somebody may not; nothing was touched
  exit_aborted = 6,      // it was stopped, or something failed on the way
};
// The exit code that goes with an error: what was named wrongly is 2, what is not allowed or not
// possible here is 3, the rest is 6.
int exit_code(const Error& problem);

class Console {
 public:
  Console(int output, int errors);

  // Both write as it is. A reader that went away is no error: what is left is not said. An answer
  // that cannot be written for another reason is told by finish().
  void print(std::string_view text) const;
  void print_error(std::string_view text) const;
  // One line of text, or of compact JSON.
  void print_line(std::string_view line) const;
  void print_json(const json::value& value) const;
  // "squall: what happened" and, below it, what to do next. Returns the exit code that fits.
  int complain(const Error& problem) const;
  // The exit code of the program whose command ended with `code`. An answer that did not arrive is
  // no success, so exit_held becomes exit_aborted then, and the standard error says why.
  int finish(int code) const;

  int output() const { return output_; }
  const Style& style() const { return style_; }
  const Style& error_style() const { return error_style_; }

 private:
  int output_;
  int errors_;
  Style style_;
  Style error_style_;
  mutable std::atomic<int> output_problem_ = 0;  // errno of the first answer that was not written
};

// What complain() says.
std::string render_complaint(const Error& problem, const Style& style);

}  // namespace squall::cli
