// Changes single values in a JSON or YAML text and leaves every other byte of it as it is:
// comments, order, indentation and the style of all other values.
//
// A value is found by its path, its bytes by the place where the parser saw it begin. Before the
// new text is handed out it is parsed again: it must say the same as the old one but for the edits.
// What cannot be changed in place, or what an alias would change elsewhere too, is therefore
// refused and never half right.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/json_path.h"
#include "core/node.h"
#include "core/result.h"

namespace squall::document {

struct Edit {
  JsonPath path;  // singular, of a value that exists
  json::value value;
};

// Any value may take the place of any other. Errors: Code::invalid when the text is not JSON, has
// a key twice in one object, or two edits overlap; Code::not_found when a path leads nowhere.
Result<std::string> edit_json(std::string_view text, const std::vector<Edit>& edits);

// Scalars on one line take the place of scalars on one line: plain, in single or in double quotes.
// Errors as above; also for what parse_yaml refuses (tags, merge keys, several documents).
Result<std::string> edit_yaml(std::string_view text, const std::vector<Edit>& edits);

}  // namespace squall::document
