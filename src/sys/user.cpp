#include "sys/user.h"

#include <cerrno>
#include <charconv>
#include <limits>
#include <optional>
#include <string_view>

#include <fmt/core.h>
#include <grp.h>
#include <pwd.h>

#include "core/text.h"

namespace squall::sys {
namespace {

// The number that a text is, or nothing when it is none.
Result<std::optional<std::uint32_t>> as_number(std::string_view text, std::string_view what) {
  std::int64_t number = 0;
  const std::string_view digits = trim(text);
  const auto [rest, code] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (code != std::errc() || rest != digits.data() + digits.size()) return std::nullopt;
  if (number >= 0 && number < std::numeric_limits<std::uint32_t>::max()) {
    return static_cast<std::uint32_t>(number);
  }
  return error(Code::invalid, fmt::format("{} is not the number of a {}", number, what));
}

Error unknown(const std::string& name, std::string_view what, std::string_view database) {
  return error(Code::not_found,
               fmt::format("there is no {} \"{}\" on this host", what, printable(name)),
               fmt::format("give a name that \"getent {}\" knows, or the number", database));
}

// Entries from a directory service can be large: the buffer grows until they fit.
template <class Entry, class Ask>
bool find_entry(Entry& entry, Ask ask) {
  static thread_local std::string buffer;
  for (std::size_t size = 4096; size <= 1 << 20; size *= 4) {
    buffer.assign(size, '\0');
    Entry* found = nullptr;
    if (ask(&entry, buffer.data(), buffer.size(), &found) == ERANGE) continue;
    return found != nullptr;
  }
  return false;
}

}  // namespace

Result<std::uint32_t> user_id(const std::string& user) {
  if (const auto number = TRY(as_number(user, "user"))) return *number;
  passwd entry{};
  const bool is_known =
      find_entry(entry, [&](auto... rest) { return ::getpwnam_r(user.c_str(), rest...); });
  if (is_known) return entry.pw_uid;
  return unknown(user, "user", "passwd");
}

Result<std::uint32_t> group_id(const std::string& group) {
  if (const auto number = TRY(as_number(group, "group"))) return *number;
  ::group entry{};
  const bool is_known =
      find_entry(entry, [&](auto... rest) { return ::getgrnam_r(group.c_str(), rest...); });
  if (is_known) return entry.gr_gid;
  return unknown(group, "group", "group");
}

}  // namespace squall::sys
