#include "cli/table.h"

#include <algorithm>

#include "core/text.h"

namespace squall::cli {
namespace {

constexpr std::string_view gap = "  ";
constexpr std::size_t narrowest_last = 24;
constexpr std::size_t stacked_indent = 4;

std::vector<std::size_t> widths_of(const Table& table) {
  std::vector<std::size_t> widths;
  for (const std::string& name : table.heading) widths.push_back(columns(name));
  for (const std::vector<Cell>& row : table.rows) {
    for (std::size_t i = 0; i < widths.size(); ++i) {
      widths[i] = std::max(widths[i], columns(row[i].text));
    }
  }
  return widths;
}

// All cells but the last, each filled up to its column.
std::string leading_cells(const std::vector<Cell>& row, const std::vector<std::size_t>& widths,
                          const Style& style) {
  std::string line;
  for (std::size_t i = 0; i + 1 < row.size(); ++i) {
    line += paint(style, row[i].colour, row[i].text);
    line += std::string(widths[i] - columns(row[i].text), ' ') + std::string(gap);
  }
  return line;
}

// Where the columns do not fit beside each other: the cells of a row one after the other, the last
// one below them. A terminal that broke the lines itself would do so within words.
std::string stacked_row(const std::vector<Cell>& row, const Style& style) {
  std::string text;
  std::size_t used = 0;
  for (std::size_t i = 0; i + 1 < row.size(); ++i) {
    const std::size_t width = columns(row[i].text);
    if (width == 0) continue;
    const bool fits = used == 0 || used + gap.size() + width <= style.width;
    if (used > 0) text += fits ? std::string(gap) : "\n" + std::string(gap);
    used = (fits ? used : 0) + (used == 0 ? 0 : gap.size()) + width;
    text += paint(style, row[i].colour, row[i].text);
  }
  if (used > 0) text += '\n';
  const Cell& last = row.back();
  const std::size_t room = style.width - std::min(style.width - 1, stacked_indent);
  for (const std::string& line : wrap(last.text, room)) {
    if (!line.empty()) {
      text += std::string(stacked_indent, ' ') + paint(style, last.colour, line) + "\n";
    }
  }
  return text;
}

}  // namespace

std::string render_table(const Table& table, const Style& style) {
  const std::vector<std::size_t> widths = widths_of(table);
  std::size_t indent = 0;
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) indent += widths[i] + gap.size();
  const bool wraps = style.is_terminal && style.width >= indent + narrowest_last;

  std::vector<std::vector<Cell>> rows;
  rows.emplace_back();
  for (const std::string& name : table.heading) rows.back().push_back({name, Colour::bold});
  rows.insert(rows.end(), table.rows.begin(), table.rows.end());

  std::string text;
  if (style.is_terminal && !wraps) {
    for (const std::vector<Cell>& row : rows) text += stacked_row(row, style);
    return text;
  }
  for (const std::vector<Cell>& row : rows) {
    std::string lead = leading_cells(row, widths, style);
    const Cell& last = row.back();
    const std::vector<std::string> lines =
        wraps ? wrap(last.text, style.width - indent) : std::vector<std::string>{last.text};
    for (const std::string& line : lines) {
      std::string whole = lead + paint(style, last.colour, line);
      text += whole.substr(0, whole.find_last_not_of(' ') + 1) + "\n";
      lead = std::string(indent, ' ');
    }
  }
  return text;
}

}  // namespace squall::cli
