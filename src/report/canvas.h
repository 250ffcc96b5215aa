// A canvas collects the marks of an SVG drawing. Colours come from CSS classes, so that a drawing
// follows the page into light and dark.
#pragma once

#include <string>
#include <string_view>

namespace squall::report {

struct Box {
  double x = 0;
  double y = 0;
  double width = 0;
  double height = 0;
};

enum class Anchor { start, middle, end };

class Canvas {
 public:
  // `look` is one or more CSS classes. A tip is shown when the pointer rests on the mark.
  void box(const Box& box, std::string_view look, std::string_view tip = {}, double radius = 0);
  void line(double x1, double y1, double x2, double y2, std::string_view look);
  // `data` is SVG path data that this program made itself.
  void path(const std::string& data, std::string_view look, std::string_view tip = {});
  // Any text; it is escaped here.
  void text(double x, double y, std::string_view look, std::string_view words,
            Anchor anchor = Anchor::start);
  const std::string& marks() const { return marks_; }

 private:
  void tip(std::string_view words, std::string_view element);
  std::string marks_;
};

// One decimal, without a trailing ".0": what path data and attributes need.
std::string coordinate(double value);
// About how wide these words are at 12 px, in px.
double text_width(std::string_view words);
// The words, cut with an ellipsis where they would be wider than that.
std::string fitted(std::string_view words, double width);

}  // namespace squall::report
