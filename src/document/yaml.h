// YAML 1.2 text to a Node tree. The only user of the YAML library.
//
// Refused with a place and a hint, because each has surprised somebody: duplicate keys, tags, merge
// keys, keys that are not text, several documents in one file, and aliases to what is not yet
// complete. Size, depth and the growth by aliases have limits, so hostile text costs little.
#pragma once

#include <string_view>

#include "core/diagnostics.h"
#include "core/node.h"

namespace squall::document {

// Mistakes are added to `diagnostics`; columns count characters from 1. After a mistake of syntax
// the result is null; after the others it is the tree without what was refused. Empty text is null.
Node parse_yaml(std::string_view text, Diagnostics& diagnostics);

}  // namespace squall::document
