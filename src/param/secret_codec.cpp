#include "param/secret_codec.h"

namespace squall::param {

Result<Secret> Codec<Secret>::parse(const Node& node) {
  if (node.is_null() || (node.is_scalar() && node.text.empty())) return Secret{};
  const std::string_view text = node.text;
  const bool is_reference = text.starts_with("${env:") || text.starts_with("${file:");
  if (node.is_scalar() && is_reference && text.find('}') == text.size() - 1)
    return Secret{node.text};
  return error(Code::invalid, "a secret may not stand in a document",
               "name the place where it is: \"${env:NAME}\" or \"${file:/the/whole/path}\"");
}

json::value Codec<Secret>::render(const Secret& value) {
  return json::string(value.reference);
}

json::object Codec<Secret>::schema() {
  return {{"type", "string"}, {"pattern", R"(^(\$\{(env|file):[^}]+\})?$)"}};
}

}  // namespace squall::param
