#include "core/diagnostics.h"

#include <algorithm>

#include <fmt/core.h>

#include "core/text.h"

namespace squall {

void Diagnostics::add(Mark mark, std::string_view message, std::string_view hint) {
  items_.push_back({file_, mark, printable(message), printable(hint)});
}

void Diagnostics::merge(const Diagnostics& other) {
  items_.insert(items_.end(), other.items_.begin(), other.items_.end());
}

std::vector<Diagnostic> Diagnostics::sorted() const {
  std::vector<Diagnostic> items = items_;
  std::stable_sort(items.begin(), items.end(), [this](const Diagnostic& a, const Diagnostic& b) {
    if (a.file != b.file) return a.file == file_ || (b.file != file_ && a.file < b.file);
    return a.mark < b.mark;
  });
  return items;
}

std::string Diagnostics::render() const {
  std::string text;
  for (const Diagnostic& item : sorted()) {
    if (item.mark.line == 0) {
      text += fmt::format("{}: {}\n", item.file, item.message);
    } else {
      text +=
          fmt::format("{}:{}:{}: {}\n", item.file, item.mark.line, item.mark.column, item.message);
    }
    if (!item.hint.empty()) text += fmt::format("  hint: {}\n", item.hint);
  }
  return text;
}

}  // namespace squall
