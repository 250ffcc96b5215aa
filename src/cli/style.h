// What the place that text goes to can show: its width, colours, and letters beyond ASCII.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace squall::cli {

struct Style {
  bool is_terminal = false;
  bool has_colour = false;
  bool is_utf8 = false;
  std::size_t width = 80;   // columns
  std::size_t height = 24;  // lines
};

// Looks at the descriptor and at the environment: NO_COLOR (https://no-color.org), TERM, COLUMNS,
// and the locale in LC_ALL, LC_CTYPE or LANG. What is no terminal has no colours, 80 columns, and
// no end of lines; nor has one of which nobody knows what it makes of escapes.
Style look_at_output(int fd);
// Whether a value of TERM names a terminal that moves its cursor by the usual escapes: one of the
// common families, or one that this host's terminfo describes (terminfo(5)).
bool is_known_terminal(std::string_view name);

enum class Colour { plain, bold, dim, good, bad, warning, accent };
// The text with the escapes of its colour around it, or as it is where there are no colours.
std::string paint(const Style& style, Colour colour, std::string_view text);

// How many columns a text without escapes takes: one for each character.
std::size_t columns(std::string_view text);
// At most `width` columns of it; what was cut is marked by an ellipsis.
std::string clip(const Style& style, std::string_view text, std::size_t width);
// Clipped, then filled up with blanks.
std::string fit(const Style& style, std::string_view text, std::size_t width);

}  // namespace squall::cli
