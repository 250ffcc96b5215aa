#include "cli/table.h"

#include <algorithm>

#include "core/text.h"

namespace squall::cli {
namespace {

constexpr std::string_view gap = "  ";
constexpr std::size_t narrowest_last = 24;

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
