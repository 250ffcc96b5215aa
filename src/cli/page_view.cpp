#include "cli/page_view.h"

#include <algorithm>
#include <vector>

#include "cli/table.h"
#include "core/text.h"

namespace squall::cli {
namespace {

constexpr std::size_t widest_text = 100;

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
}

// [text](link) becomes text.
std::string without_links(std::string_view text) {
  std::string plain;
  while (true) {
    const std::size_t open = text.find('[');
    const std::size_t middle = text.find("](", open == std::string_view::npos ? 0 : open);
    const std::size_t close = text.find(')', middle == std::string_view::npos ? 0 : middle);
    if (open == std::string_view::npos || middle == std::string_view::npos ||
        close == std::string_view::npos) {
      return plain + std::string(text);
    }
    plain += text.substr(0, open);
    plain += text.substr(open + 1, middle - open - 1);
    text.remove_prefix(close + 1);
  }
}

std::string plain_text(std::string_view text) {
  std::string plain = without_links(text);
  replace_all(plain, "**", "");
  replace_all(plain, "`", "");
  return plain;
}

// "| a | b \| c |" -> {"a", "b | c"}
std::vector<std::string> cells_of(std::string_view line) {
  std::vector<std::string> cells(1);
  for (std::size_t i = 1; i < line.size(); ++i) {
    if (line[i] == '\\' && i + 1 < line.size() && line[i + 1] == '|') {
      cells.back() += line[++i];
    } else if (line[i] == '|') {
      cells.emplace_back();
    } else {
      cells.back() += line[i];
    }
  }
  cells.pop_back();  // what stands behind the last bar
  for (std::string& cell : cells) cell = plain_text(trim(cell));
  return cells;
}

// When the columns before the last leave it no room for a few words.
bool is_too_wide(const Table& table, std::size_t width) {
  constexpr std::size_t few_words = 24;
  std::size_t used = 0;
  for (std::size_t i = 0; i + 1 < table.heading.size(); ++i) {
    std::size_t widest = columns(table.heading[i]);
    for (const std::vector<Cell>& row : table.rows) {
      widest = std::max(widest, columns(row[i].text));
    }
    used += widest + 2;
  }
  return used + few_words > width;
}

class PageView {
 public:
  explicit PageView(const Style& style)
      : style_(style), width_(std::min(style.width, widest_text)) {}

  void add(const std::string& line) {
    if (line.starts_with("```")) {
      flush();
      is_code_ = !is_code_;
    } else if (is_code_) {
      text_ += "    " + line + "\n";
    } else if (line.starts_with("|")) {
      add_row(line);
    } else if (line.starts_with("#")) {
      flush();
      add_heading(line);
    } else if (line.starts_with("<!--")) {
      flush();
    } else if (line.empty()) {
      flush();
      if (!text_.empty()) text_ += "\n";
    } else {
      if (line.starts_with("- ")) flush();
      paragraph_ += (paragraph_.empty() ? "" : " ") + plain_text(line);
    }
  }

  std::string finish() {
    flush();
    return std::move(text_);
  }

 private:
  void add_heading(const std::string& line) {
    const std::size_t level = line.find_first_not_of('#');
    const std::string_view title =
        trim(std::string_view(line).substr(std::min(level, line.size())));
    text_ += paint(style_, level == 1 ? Colour::accent : Colour::bold, title) + "\n";
    if (!style_.has_colour) text_ += std::string(columns(title), level == 1 ? '=' : '-') + "\n";
  }

  void add_row(const std::string& line) {
    if (line.starts_with("|---")) return;
    const std::vector<std::string> cells = cells_of(line);
    if (table_.heading.empty()) {
      table_.heading = cells;
      return;
    }
    std::vector<Cell> row;
    for (const std::string& cell : cells) row.push_back({cell});
    row.resize(table_.heading.size());
    table_.rows.push_back(std::move(row));
  }

  std::string as_table() const {
    Style style = style_;
    style.is_terminal = true;  // a page is for reading, so its tables are always wrapped
    style.width = width_;
    return render_table(table_, style);
  }

  // Each row as a paragraph: the name, what stands between, and below it the last cell.
  std::string as_entries() const {
    std::string text;
    for (const std::vector<Cell>& row : table_.rows) {
      std::vector<std::string> between;
      for (std::size_t i = 1; i + 1 < row.size(); ++i) {
        if (!row[i].text.empty()) between.push_back(table_.heading[i] + ": " + row[i].text);
      }
      text += paint(style_, Colour::accent, row.front().text) + "\n";
      for (const std::string& part : {join(between, "; "), row.back().text}) {
        if (part.empty()) continue;
        for (const std::string& line : wrap(part, width_ - 4)) text += "    " + line + "\n";
      }
    }
    return text;
  }

  void flush() {
    if (!table_.heading.empty()) {
      text_ += is_too_wide(table_, width_) ? as_entries() : as_table();
      table_ = {};
    }
    if (paragraph_.empty()) return;
    const bool is_item = paragraph_.starts_with("- ");
    bool is_first = true;
    for (const std::string& line : wrap(paragraph_, width_ - 2)) {
      text_ += (is_item && !is_first ? "  " : "") + line + "\n";
      is_first = false;
    }
    paragraph_.clear();
  }

  const Style& style_;
  std::size_t width_;
  bool is_code_ = false;
  std::string paragraph_;
  Table table_;
  std::string text_;
};

}  // namespace

std::string render_page(std::string_view markdown, const Style& style) {
  PageView view(style);
  for (const std::string& line : split(trim(markdown), '\n')) view.add(line);
  return view.finish();
}

}  // namespace squall::cli
