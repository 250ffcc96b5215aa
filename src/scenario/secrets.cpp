// Secrets are read as late as can be, by the process that needs them, and leave no trace in a plan.
#include "scenario/secrets.h"

#include <cstdlib>

#include <fmt/core.h>

#include "core/text.h"
#include "scenario/references.h"
#include "sys/file.h"

namespace squall::scenario {
namespace {

constexpr std::size_t secret_max = 64 << 10;

Result<std::string> read_secret_file(const std::string& path) {
  const sys::Fd fd = TRY(sys::open_regular_file(path));
  const std::string content = TRY(sys::read_at(fd, 0, secret_max + 1));
  if (content.size() > secret_max) {
    return error(Code::invalid, fmt::format("{} is larger than 64 KiB", path));
  }
  if (!is_valid_utf8(content) || content.find('\0') != std::string::npos) {
    return error(Code::invalid, fmt::format("{} is not a text", path));
  }
  return std::string(trim(content));
}

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
    made += TRY(read_secret(rest.substr(2, close - 2)));
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

Result<std::string> read_secret(std::string_view reference) {
  const std::size_t colon = reference.find(':');
  const std::string name(reference.substr(colon + 1));
  if (reference.starts_with("file:")) {
    if (name.starts_with('/')) return read_secret_file(name);
    return error(Code::invalid, fmt::format("the path {} is not absolute", quote(name)),
                 "write ${file:/the/whole/path}");
  }
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) {
    return error(Code::not_found,
                 fmt::format("the environment variable {} is not set", quote(name)),
                 "export it before squall is started");
  }
  if (!is_valid_utf8(value)) {
    return error(Code::invalid, fmt::format("the environment variable {} is no text", quote(name)));
  }
  return std::string(value);
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
