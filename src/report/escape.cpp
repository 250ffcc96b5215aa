#include "report/escape.h"

#include "core/text.h"

namespace squall::report {
namespace {

// U+FFFE and U+FFFF are UTF-8, but no XML document may hold them.
std::string without_noncharacters(std::string text) {
  for (std::size_t at = 0; (at = text.find("\xEF\xBF", at)) != std::string::npos; ++at) {
    const char last = at + 2 < text.size() ? text[at + 2] : '\0';
    if (last == '\xBE' || last == '\xBF') text.replace(at, 3, "?");
  }
  return text;
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string escaped;
  for (const char letter : without_noncharacters(printable(text))) {
    switch (letter) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += letter;
    }
  }
  return escaped;
}

std::string escape_html_lines(std::string_view text) {
  std::string escaped;
  for (const std::string& line : split(text, '\n')) escaped += escape_html(line) + "\n";
  return escaped;
}

std::string escape_markdown(std::string_view text) {
  constexpr std::string_view special = "\\`*_[]#|~<>&";
  std::string escaped;
  for (const char letter : printable(text)) {
    if (special.find(letter) != std::string_view::npos) escaped += '\\';
    escaped += letter;
  }
  return escaped;
}

std::string quote_for_shell(std::string_view text) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,@%+";
  const std::string shown = printable(text);
  if (!shown.empty() && shown.find_first_not_of(plain) == std::string::npos) return shown;
  std::string quoted = "'";
  for (const char letter : shown) {
    quoted += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
  }
  return quoted + "'";
}

}  // namespace squall::report
