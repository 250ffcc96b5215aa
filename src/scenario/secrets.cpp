// Secrets are read as late as can be, by the process that needs them, and leave no trace in a plan.
#include "scenario/secrets.h"

#include <fmt/core.h>

#include "core/text.h"
#include "scenario/references.h"
#include "sys/secret.h"

namespace squall::scenario {
namespace {

Result<std::string> replace_in(std::string_view text) {
  std::string made;
  while (!text.empty()) {
    const std::size_t at = text.find("${");
    const bool is_escaped = at != std::string_view::npos && at > 0 && text[at - 1] == '$';
    const std::string_view rest = at == std::string_view::npos ? "" : text.substr(at);
    if (!begins_secret(rest)) {
      const std::size_t end = at == std::string_view::npos ? text.size() : at + 2;
      made += text.substr(0, end);
      text.remove_prefix(end);
      continue;
    }
    if (is_escaped) {
      made += text.substr(0, at - 1);
      made += "${";
      text.remove_prefix(at + 2);
      continue;
    }
    const std::size_t close = rest.find('}');
    if (close == std::string_view::npos) {
      return error(Code::invalid, fmt::format("the reference {} is not closed", quote(rest)));
    }
    made += text.substr(0, at);
    made += TRY(sys::read_secret(rest.substr(2, close - 2)));
    text.remove_prefix(at + close + 1);
  }
  return made;
}

}  // namespace

bool begins_secret(std::string_view text) {
  return text.starts_with("${env:") || text.starts_with("${file:");
}

std::size_t count_secrets(std::string_view text) {
  std::size_t count = 0;
  std::size_t at = text.find("${");
  for (; at != std::string_view::npos; at = text.find("${", at + 2)) {
    const bool is_escaped = at > 0 && text[at - 1] == '$';
    if (!is_escaped && begins_secret(text.substr(at))) ++count;
  }
  return count;
}

bool holds_secret(const json::value& value) {
  if (value.is_string()) return count_secrets(value.get_string()) > 0;
  if (value.is_array()) {
    for (const json::value& item : value.get_array()) {
      if (holds_secret(item)) return true;
    }
  }
  if (value.is_object()) {
    for (const json::key_value_pair& member : value.get_object()) {
      if (holds_secret(member.value())) return true;
    }
  }
  return false;
}

Result<json::value> resolve_secrets(const json::value& value) {
  if (value.is_string()) return json::value(TRY(replace_in(value.get_string())));
  if (value.is_array()) {
    json::array array;
    for (const json::value& item : value.get_array()) array.push_back(TRY(resolve_secrets(item)));
    return json::value(std::move(array));
  }
  if (value.is_object()) {
    json::object object;
    for (const json::key_value_pair& member : value.get_object()) {
      object[member.key()] = TRY(resolve_secrets(member.value()));
    }
    return json::value(std::move(object));
  }
  return value;
}

}  // namespace squall::scenario
