#include "report/canvas.h"

#include <cmath>

#include <fmt/core.h>

#include "core/text.h"
#include "report/escape.h"

namespace squall::report {
namespace {

// A common sans-serif letter at 12 px is a little wider than half its height.
constexpr double letter_width = 6.4;

bool begins_letter(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
}

}  // namespace

std::string coordinate(double value) {
  const double rounded = std::round(value * 10) / 10;
  if (rounded == std::floor(rounded)) return fmt::format("{:.0f}", rounded + 0.0);
  return fmt::format("{:.1f}", rounded);
}

double text_width(std::string_view words) {
  double letters = 0;
  for (const char byte : words) letters += begins_letter(byte) ? 1 : 0;
  return letters * letter_width;
}

std::string fitted(std::string_view words, double width) {
  std::string text = printable(words);
  if (text_width(text) <= width) return text;
  while (!text.empty() && text_width(text) > width - letter_width) {
    while (!begins_letter(text.back())) text.pop_back();
    text.pop_back();
  }
  return text + "\u2026";
}

void Canvas::tip(std::string_view words, std::string_view element) {
  if (words.empty()) {
    marks_ += "/>\n";
  } else {
    marks_ += fmt::format("><title>{}</title></{}>\n", escape_html(words), element);
  }
}

void Canvas::box(const Box& box, std::string_view look, std::string_view words, double radius) {
  marks_ += fmt::format("<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"", look,
                        coordinate(box.x), coordinate(box.y), coordinate(box.width),
                        coordinate(box.height));
  if (radius > 0) marks_ += fmt::format(" rx=\"{}\"", coordinate(radius));
  tip(words, "rect");
}

void Canvas::line(double x1, double y1, double x2, double y2, std::string_view look) {
  marks_ += fmt::format("<path class=\"{}\" d=\"M{} {}L{} {}\"/>\n", look, coordinate(x1),
                        coordinate(y1), coordinate(x2), coordinate(y2));
}

void Canvas::path(const std::string& data, std::string_view look, std::string_view words) {
  if (data.empty()) return;
  marks_ += fmt::format("<path class=\"{}\" d=\"{}\"", look, data);
  tip(words, "path");
}

void Canvas::text(double x, double y, std::string_view look, std::string_view words,
                  Anchor anchor) {
  const std::string_view side = anchor == Anchor::start    ? ""
                                : anchor == Anchor::middle ? " text-anchor=\"middle\""
                                                           : " text-anchor=\"end\"";
  marks_ += fmt::format("<text class=\"{}\" x=\"{}\" y=\"{}\"{}>{}</text>\n", look, coordinate(x),
                        coordinate(y), side, escape_html(words));
}

}  // namespace squall::report
