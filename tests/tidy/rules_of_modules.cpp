// The floors. docs/ARCHITECTURE.md holds the table, and what stands there is the rule: its rows
// begin with a floor's number, name the modules of that floor in backquotes, and in the third cell,
// after the word "never", modules further down that these must not know either.
#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include <fmt/core.h>

#include "tidy/code.h"
#include "tidy/rules.h"

namespace squall::tidy {
namespace {

constexpr std::string_view table_path = "docs/ARCHITECTURE.md";

struct Module {
  int floor = 0;
  std::set<std::string> never;
};
using Floors = std::map<std::string, Module>;

std::vector<std::string> cells_of(std::string_view line) {
  std::vector<std::string> cells;
  if (!line.starts_with('|')) return cells;
  line.remove_prefix(1);
  for (std::size_t end = line.find('|'); end != std::string_view::npos; end = line.find('|')) {
    const std::string_view cell = line.substr(0, end);
    const std::size_t first = cell.find_first_not_of(' ');
    const std::size_t last = cell.find_last_not_of(' ');
    cells.emplace_back(first == std::string_view::npos ? "" : cell.substr(first, last - first + 1));
    line.remove_prefix(end + 1);
  }
  return cells;
}

std::vector<std::string> backquoted(std::string_view text) {
  std::vector<std::string> words;
  for (std::size_t open = text.find('`'); open != std::string_view::npos; open = text.find('`')) {
    const std::size_t close = text.find('`', open + 1);
    if (close == std::string_view::npos) break;
    words.emplace_back(text.substr(open + 1, close - open - 1));
    text.remove_prefix(close + 1);
  }
  return words;
}

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char letter) {
    return std::isdigit(letter) != 0;
  });
}

int number_in(std::string_view text) {
  int number = 0;
  for (const char digit : text) number = number * 10 + (digit - '0');
  return number;
}

Floors read_floors(const Tree& tree) {
  Floors floors;
  const auto found = tree.find(std::string(table_path));
  if (found == tree.end()) return floors;
  for (const std::string& line : lines_of(found->second)) {
    const std::vector<std::string> cells = cells_of(line);
    if (cells.size() < 3 || !is_number(cells[0]) || cells[0].size() > 2) continue;
    const std::size_t never = cells[2].find("never");
    for (const std::string& name : backquoted(cells[1])) {
      Module& module = floors[name];
      module.floor = number_in(cells[0]);
      if (never == std::string::npos) continue;
      for (const std::string& other : backquoted(cells[2].substr(never))) {
        module.never.insert(other);
      }
    }
  }
  return floors;
}

// "engine" of "src/engine/run.cpp", "apps" of "apps/squall.cpp"; "" where no floor is meant.
std::string module_of(std::string_view path) {
  if (path.starts_with("src/")) path.remove_prefix(4);
  const std::size_t slash = path.find('/');
  return slash == std::string_view::npos ? "" : std::string(path.substr(0, slash));
}

// Why `user` may not use `used`; empty when it may.
std::string forbidden(const Floors& floors, const std::string& user, const std::string& used) {
  if (user == used) return {};
  const auto from = floors.find(user);
  const auto to = floors.find(used);
  if (from == floors.end()) return fmt::format("{} is on no floor of {}", user, table_path);
  if (to == floors.end()) return fmt::format("{} is on no floor of {}", used, table_path);
  if (from->second.never.contains(used)) {
    return fmt::format("{} must never know {} ({})", user, used, table_path);
  }
  if (to->second.floor >= from->second.floor) {
    return fmt::format("{} (floor {}) may only use floors below it, and {} is on floor {}", user,
                       from->second.floor, used, to->second.floor);
  }
  return {};
}

// "Supply" of "struct Supply final : Base {"; empty for other lines, for members of a type and for
// specialisations.
std::string defined_type(std::string_view line) {
  if (!line.ends_with('{') && line.find("};") == std::string_view::npos) return "";
  for (const std::string_view word : {"struct ", "class ", "enum class "}) {
    if (!line.starts_with(word)) continue;
    std::size_t end = word.size();
    while (end < line.size() && (std::isalnum(static_cast<unsigned char>(line[end])) != 0)) ++end;
    const bool is_other = end < line.size() && (line[end] == ':' || line[end] == '<');
    return is_other ? "" : std::string(line.substr(word.size(), end - word.size()));
  }
  return "";
}

}  // namespace

void check_floors(const Tree& tree, Breaches& breaches) {
  const Floors floors = read_floors(tree);
  if (floors.empty()) breaches.push_back({std::string(table_path), 0, "holds no table of floors"});
  for (const auto& [path, text] : tree) {
    if (!is_cpp(path)) continue;
    const std::string user = module_of(path);
    const std::vector<Include> includes = find_includes(text);
    if (!floors.contains(user) && !includes.empty()) {
      breaches.push_back({path, 0, fmt::format("{} is on no floor of {}", user, table_path)});
      continue;
    }
    for (const Include& include : includes) {
      const std::string used = module_of(include.path);
      // What stands beside a file, or below its own folder, belongs to the same module.
      const bool is_own = tree.contains(folder_of(path) + "/" + include.path) ||
                          tree.contains(user + "/" + include.path);
      if (is_own) continue;
      if (!tree.contains("src/" + include.path)) {
        breaches.push_back({path, include.line,
                            fmt::format("\"{}\" does not exist below src/: quotes are for our own "
                                        "headers",
                                        include.path)});
        continue;
      }
      const std::string why = forbidden(floors, user, used);
      if (!why.empty()) breaches.push_back({path, include.line, why});
      if (is_test(include.path) && path.starts_with("src/") && !is_test(path)) {
        breaches.push_back({path, include.line, "only tests may include what is for tests"});
      }
    }
  }
}

void check_linked_floors(const Tree& tree, Breaches& breaches) {
  const Floors floors = read_floors(tree);
  const auto found = tree.find("CMakeLists.txt");
  if (found == tree.end()) return;
  static constexpr std::string_view call = "squall_module(";
  int number = 0;
  for (const std::string& line : lines_of(found->second)) {
    ++number;
    if (!line.starts_with(call)) continue;
    std::string words = line.substr(call.size());
    std::replace(words.begin(), words.end(), ')', ' ');
    std::string user;
    bool is_used = false;
    for (std::size_t start = 0; start < words.size();) {
      const std::size_t end = std::min(words.find(' ', start), words.size());
      const std::string word = words.substr(start, end - start);
      start = end + 1;
      if (word.empty()) continue;
      if (user.empty()) {
        user = word;
      } else if (word == "USES" || word == "LIBRARIES") {
        is_used = word == "USES";
      } else if (is_used) {
        const std::string why = forbidden(floors, user, word);
        if (!why.empty()) breaches.push_back({"CMakeLists.txt", number, why});
      }
    }
  }
}

// Two types of one name in one namespace are one type to the linker: it keeps the functions of one
// of them and uses them for both. What stands in an unnamed namespace is its file's own.
void check_type_names(const Tree& tree, Breaches& breaches) {
  std::map<std::string, std::string> homes;  // full name -> the file that defines it
  for (const auto& [path, text] : tree) {
    if (!is_cpp(path) || !path.starts_with("src/")) continue;
    std::vector<std::string> spaces;
    int number = 0;
    for (const std::string& line : lines_of(text)) {
      ++number;
      if (line.starts_with("namespace ") && line.ends_with('{')) {
        spaces.push_back(line.substr(10, line.size() - 11));
      } else if (line.starts_with("}  // namespace") && !spaces.empty()) {
        spaces.pop_back();
      }
      const std::string name = defined_type(line);
      const bool is_own = std::find(spaces.begin(), spaces.end(), "") != spaces.end();
      if (name.empty() || is_own) continue;
      std::string full;
      for (const std::string& space : spaces) full += space + "::";
      const auto [home, is_new] = homes.emplace(full + name, path);
      if (is_new || home->second == path) continue;
      breaches.push_back(
          {path, number,
           fmt::format("{} is defined in {} too: name one of them anew, or put it into an unnamed "
                       "namespace",
                       name, home->second)});
    }
  }
}

}  // namespace squall::tidy
