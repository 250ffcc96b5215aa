#include "cli/sparkline.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

namespace squall::cli {
namespace {

constexpr std::int64_t longest_window = 60'000'000'000;
constexpr std::int64_t shortest_cell = 50'000'000;

constexpr std::array<std::string_view, 8> blocks = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::array<std::string_view, 8> letters = {".", ":", "-", "=", "+", "*", "%", "#"};

// What the points of one cell come to.
struct Worst {
  Point::Kind kind = Point::Kind::good;
  double value = 0;
};

int severity(Point::Kind kind) {
  switch (kind) {
    case Point::Kind::good:
      return 0;
    case Point::Kind::waiting:
      return 1;
    case Point::Kind::bad:
      break;
  }
  return 2;
}

std::string render_cell(const std::optional<Worst>& worst, double full, const Style& style) {
  if (!worst) return " ";
  if (worst->kind == Point::Kind::bad) return paint(style, Colour::bad, style.is_utf8 ? "×" : "x");
  if (worst->kind == Point::Kind::waiting) {
    return paint(style, Colour::dim, style.is_utf8 ? "·" : ",");
  }
  const double filled = full <= 0 ? 0 : std::clamp(worst->value / full, 0.0, 1.0);
  const auto level =
      static_cast<std::size_t>(std::lround(filled * static_cast<double>(blocks.size() - 1)));
  return paint(style, Colour::good, style.is_utf8 ? blocks[level] : letters[level]);
}

}  // namespace

std::int64_t Window::cell_of(std::int64_t at_ns) const {
  const std::int64_t offset = at_ns - start_ns;
  return offset < 0 ? -1 : offset / cell_ns;
}

Window window_at(std::int64_t now_ns, std::int64_t end_ns, std::size_t cells) {
  const auto count = static_cast<std::int64_t>(std::max<std::size_t>(cells, 1));
  const std::int64_t span = std::min(std::max(now_ns, end_ns), longest_window);
  const std::int64_t cell = std::max((span + count - 1) / count, shortest_cell);
  const std::int64_t last = now_ns / cell;
  return {std::max<std::int64_t>(last - count + 1, 0) * cell, cell, cells};
}

std::string render_sparkline(const std::deque<Point>& points, const Window& window,
                             double full_at_least, const Style& style) {
  std::vector<std::optional<Worst>> cells(window.cells);
  double full = full_at_least;
  for (const Point& point : points) {
    const std::int64_t cell = window.cell_of(point.at_ns);
    if (cell < 0 || cell >= static_cast<std::int64_t>(cells.size())) continue;
    std::optional<Worst>& worst = cells[static_cast<std::size_t>(cell)];
    if (!worst) worst = Worst{};
    if (severity(point.kind) > severity(worst->kind)) worst->kind = point.kind;
    worst->value = std::max(worst->value, point.value);
    if (point.kind == Point::Kind::good) full = std::max(full, point.value);
  }
  std::string text;
  for (const std::optional<Worst>& worst : cells) text += render_cell(worst, full, style);
  return text;
}

}  // namespace squall::cli
