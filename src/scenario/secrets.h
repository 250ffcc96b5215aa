// How the references of secrets are written and read, for references.cpp and secrets.cpp alone;
// everybody else uses resolve_secrets of references.h.
#pragma once

#include <string>
#include <string_view>

namespace squall::scenario {

// True for a text that begins with "${env:" or "${file:".
bool begins_secret(std::string_view text);
// How often one of them stands in the text without a second "$" before it.
std::size_t count_secrets(std::string_view text);

}  // namespace squall::scenario
