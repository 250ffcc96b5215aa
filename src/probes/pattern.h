// A regular expression in ECMAScript syntax, searched for in hostile text with bounded effort.
//
// Backtracking engines can take exponential time, and std::regex recurses once a character, which
// overflows the stack on long texts. This one counts its steps and gives up instead.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/result.h"

namespace squall::probe {

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
  const std::string& text() const { return text_; }

 private:
  struct Compiled;
  std::string text_;
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace squall::probe
