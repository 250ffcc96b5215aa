// A regular expression in ECMAScript syntax, searched for in hostile text with bounded effort.
//
// Backtracking engines can take exponential time, and std::regex recurses once a character, which
// overflows the stack on long texts. This one counts its steps and gives up instead.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/result.h"

namespace squall {

class Pattern {
 public:
  enum class Found { no, yes, too_costly };

  // At most 1024 bytes. "." matches no line break; "^" and "$" mean the ends of the whole text;
  // (?i) ignores case. Texts are bytes: "." matches one byte of a longer UTF-8 character.
  // Errors: Code::invalid with the position, counted in bytes from 1.
  static Result<Pattern> compile(std::string_view text);

  // Anywhere in the subject. Too costly: the subject has more than 256 KiB, or the expression
  // backtracks so much that the search was given up (within 2 s at the very worst).
  Found search(std::string_view subject) const;

  struct Replacement {
    std::string by;         // $1 is the first group, $& the whole match, $$ a dollar sign
    std::size_t times = 0;  // at most so often, from the beginning; 0 = everywhere
  };
  struct Replaced {
    std::string text;
    std::size_t count = 0;
  };
  // Here "^" and "$" mean the ends of each line. Code::invalid: the subject has more than 1 MiB,
  // the result would have more than 4 MiB, or the search was given up as above.
  Result<Replaced> replace(std::string_view subject, const Replacement& replacement) const;
  const std::string& text() const { return text_; }

 private:
  struct Compiled;
  std::string text_;
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace squall
