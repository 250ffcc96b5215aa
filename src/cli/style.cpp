#include "cli/style.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

#include <sys/ioctl.h>
#include <unistd.h>

#include "core/text.h"
#include "sys/file.h"

namespace squall::cli {
namespace {

constexpr std::size_t narrowest = 20;
constexpr std::size_t widest = 1000;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// The first of the three that is set decides (locale(7)).
bool is_utf8_locale() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string locale = environment(name);
    if (locale.empty()) continue;
    return locale.find("UTF-8") != std::string::npos || locale.find("utf8") != std::string::npos;
  }
  return false;
}

void read_size(int fd, Style& style) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    style.width = size.ws_col;
    if (size.ws_row > 0) style.height = size.ws_row;
  } else if (const std::string given = environment("COLUMNS"); !given.empty()) {
    std::from_chars(given.data(), given.data() + given.size(), style.width);
  }
  style.width = std::clamp(style.width, narrowest, widest);
}

bool continues_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

struct Escape {
  Colour colour;
  std::string_view code;
};
constexpr std::array<Escape, 6> escapes = {{
    {Colour::bold, "1"},
    {Colour::dim, "2"},
    {Colour::good, "32"},
    {Colour::bad, "1;31"},
    {Colour::warning, "33"},
    {Colour::accent, "36"},
}};

}  // namespace

bool is_known_terminal(std::string_view name) {
  constexpr std::string_view families[] = {"alacritty", "foot", "gnome",   "konsole", "linux",
                                           "putty",     "rxvt", "screen",  "st-",     "tmux",
                                           "vt1",       "vt2",  "wezterm", "xterm"};
  constexpr std::string_view without_a_cursor[] = {"dumb", "unknown", "network", "emacs"};
  if (name.empty() || name.find('/') != std::string_view::npos) return false;
  const auto is_name = [&](std::string_view one) { return name == one; };
  const auto is_of = [&](std::string_view family) { return name.starts_with(family); };
  if (std::any_of(std::begin(without_a_cursor), std::end(without_a_cursor), is_name)) return false;
  if (std::any_of(std::begin(families), std::end(families), is_of)) return true;
  const std::string file = std::string("/") + name.front() + "/" + std::string(name);
  const std::string own = environment("TERMINFO");
  const std::string home = environment("HOME") + "/.terminfo";
  for (const std::string& folder :
       {own, home, std::string("/etc/terminfo"), std::string("/lib/terminfo"),
        std::string("/usr/share/terminfo")}) {
    if (!folder.empty() && sys::exists(folder + file)) return true;
  }
  return false;
}

Style look_at_output(int fd) {
  Style style;
  style.is_utf8 = is_utf8_locale();
  style.is_terminal = ::isatty(fd) == 1 && is_known_terminal(environment("TERM"));
  style.has_colour = style.is_terminal && environment("NO_COLOR").empty();
  if (style.is_terminal) read_size(fd, style);
  return style;
}

std::string paint(const Style& style, Colour colour, std::string_view text) {
  if (!style.has_colour || colour == Colour::plain || text.empty()) return std::string(text);
  for (const Escape& escape : escapes) {
    if (escape.colour != colour) continue;
    return "\x1b[" + std::string(escape.code) + "m" + std::string(text) + "\x1b[0m";
  }
  return std::string(text);
}

std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char byte) { return !continues_character(byte); }));
}

std::string clip(const Style& style, std::string_view text, std::size_t width) {
  if (columns(text) <= width) return std::string(text);
  const std::string_view ellipsis = style.is_utf8 ? "…" : ".";
  if (width == 0) return {};
  std::size_t end = 0;
  for (std::size_t taken = 0; end < text.size(); ++end) {
    if (continues_character(text[end])) continue;
    if (taken++ == width - 1) break;
  }
  return std::string(trim(text.substr(0, end))) + std::string(ellipsis);
}

std::string fit(const Style& style, std::string_view text, std::size_t width) {
  std::string fitted = clip(style, text, width);
  fitted.append(width - std::min(width, columns(fitted)), ' ');
  return fitted;
}

}  // namespace squall::cli
