#include "param/text_map_codec.h"

#include <fmt/core.h>

#include "core/text.h"

namespace squall::param {

Result<TextMap> Codec<TextMap>::parse(const Node& node) {
  if (!node.is_mapping() && !node.is_null()) {
    return error(Code::invalid,
                 fmt::format("a mapping of texts is expected here, not {}", kind_name(node.kind)),
                 "write for example {Accept: text/plain}");
  }
  TextMap texts;
  for (const Entry& entry : node.entries) {
    if (!entry.value.is_scalar()) {
      return error(Code::invalid, fmt::format("\"{}\" should have a text, not {}",
                                              printable(entry.key), kind_name(entry.value.kind)));
    }
    texts[entry.key] = entry.value.text;
  }
  return texts;
}

json::value Codec<TextMap>::render(const TextMap& value) {
  json::object object;
  for (const auto& [name, text] : value) object[name] = json::string(text);
  return object;
}

json::object Codec<TextMap>::schema() {
  return {{"type", "object"},
          {"additionalProperties", {{"type", json::array{"string", "number", "boolean"}}}}};
}

}  // namespace squall::param
