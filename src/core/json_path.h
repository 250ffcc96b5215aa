// JsonPath chooses values in a JSON document. It is a subset of RFC 9535:
//
//   $                            the document itself
//   .name  ['name']  ["name"]    a member of an object
//   [0]  [-1]                    an element of an array, counted from the end when negative
//   .*  [*]                      every member or element
//   ..name  ..*  ..[0]           the same, here and at every depth below
//
// Slices, filters and lists of selectors are refused with their position.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/node.h"
#include "core/result.h"

namespace squall {

class JsonPath {
 public:
  // At most 1024 bytes. Errors: Code::invalid with the position, counted in characters from 1, and
  // a hint in `next`.
  static Result<JsonPath> parse(std::string_view text);

  // Pointers into `document`, parents before their children; a path with ".." may choose a value
  // twice (RFC 9535, section 2.5.2.2). Empty when nothing is there. Errors: Code::invalid when more
  // than a million steps would be needed, which only a path with several ".." can ask for.
  Result<std::vector<const json::value*>> select(const json::value& document) const;

  // True when the path can choose at most one value: it has neither "*" nor "..".
  bool is_singular() const;
  const std::string& text() const { return text_; }

 private:
  struct Step {
    enum class Kind { member, element, every };
    Kind kind = Kind::member;
    bool at_every_depth = false;
    std::string name;        // member
    std::int64_t index = 0;  // element
  };
  class Reader;
  class Walk;

  std::string text_;
  std::vector<Step> steps_;
};

}  // namespace squall
