#include "core/result.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/core.h>

namespace squall {
namespace {

constexpr std::array<std::pair<Code, std::string_view>, 7> names = {{
    {Code::invalid, "invalid"},
    {Code::not_found, "not_found"},
    {Code::refused, "refused"},
    {Code::unsupported, "unsupported"},
    {Code::timed_out, "timed_out"},
    {Code::conflict, "conflict"},
    {Code::failed, "failed"},
}};

Code code_of_errno(int number) {
  switch (number) {
    case EPERM:
    case EACCES:
    case EROFS:
      return Code::refused;
    case ENOENT:
    case ESRCH:
    case ENOTDIR:
      return Code::not_found;
    case EEXIST:
    case EBUSY:
      return Code::conflict;
    case ENOSYS:
    case EOPNOTSUPP:
    case EAFNOSUPPORT:
    case EPROTONOSUPPORT:
      return Code::unsupported;
    case ETIMEDOUT:
      return Code::timed_out;
    case EINVAL:
      return Code::invalid;
    default:
      return Code::failed;
  }
}

}  // namespace

std::string_view code_name(Code code) {
  for (const auto& [value, name] : names) {
    if (value == code) return name;
  }
  return "failed";
}

Code code_from_name(std::string_view wanted) {
  for (const auto& [value, name] : names) {
    if (name == wanted) return value;
  }
  return Code::failed;
}

std::string Error::render() const {
  std::string text;
  for (const std::string& step : context) text += fmt::format("while {}: ", step);
  return text + message;
}

Error errno_error(int number, std::string_view what) {
  return error(code_of_errno(number), fmt::format("{}: {}", what, std::strerror(number)));
}

}  // namespace squall
