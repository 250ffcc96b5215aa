#include "cli/command.h"

#include <algorithm>
#include <charconv>

#include <fmt/core.h>

#include "core/text.h"
#include "core/units.h"

namespace squall::cli {
namespace {

template <class Number>
Status read_whole(const std::string& text, std::string_view least, Number& number) {
  const char* end = text.data() + text.size();
  const std::from_chars_result read = std::from_chars(text.data(), end, number);
  if (read.ec == std::errc() && read.ptr == end && number >= 0) return ok();
  return error(Code::invalid,
               fmt::format("{} is not a whole number of at least {}", quote(text), least));
}

}  // namespace

Status read_value(const std::string& text, std::string& value) {
  value = text;
  return ok();
}

Status read_value(const std::string& text, std::vector<std::string>& value) {
  value.push_back(text);
  return ok();
}

Status read_value(const std::string& text, std::optional<std::uint64_t>& value) {
  std::uint64_t number = 0;
  TRY_VOID(read_whole(text, "0", number));
  value = number;
  return ok();
}

Status read_value(const std::string& text, std::int64_t& value) {
  return read_whole(text, "0", value);
}

Status read_value(const std::string& text, double& value) {
  const Result<Quantity> quantity = parse_quantity(text);
  if (!quantity.ok() || !quantity->unit.empty()) {
    return error(Code::invalid, fmt::format("{} is not a number", quote(text)),
                 "write for example 0.1");
  }
  value = quantity->number;
  return ok();
}

Status read_value(const std::string& text, Duration& value) {
  value = TRY(parse_duration(text));
  return ok();
}

const Command* find(const std::vector<Command>& commands, std::string_view name) {
  for (const Command& command : commands) {
    const auto& others = command.other_names;
    if (command.name == name || std::find(others.begin(), others.end(), name) != others.end()) {
      return &command;
    }
  }
  return nullptr;
}

}  // namespace squall::cli
