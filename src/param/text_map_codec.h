// A mapping from names to texts, for HTTP headers and environment variables: {Accept: text/html}.
#pragma once

#include <map>
#include <string>

#include "param/codec.h"

namespace squall::param {

using TextMap = std::map<std::string, std::string>;

template <>
struct Codec<TextMap> {
  static constexpr std::string_view type = "mapping of texts";
  // A null node reads as an empty mapping. Errors name the key whose value is no text.
  static Result<TextMap> parse(const Node& node);
  static json::value render(const TextMap& value);
  static json::object schema();
};

}  // namespace squall::param
