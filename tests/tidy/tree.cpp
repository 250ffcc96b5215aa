#include "tidy/tree.h"

#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include <fmt/core.h>

namespace squall::tidy {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t text_bytes_max = 1 << 20;

bool is_skipped_folder(const std::string& name) {
  return (name.starts_with('.') && name != ".ci") || name == "build" || name == "node_modules";
}

bool is_word_letter(char letter) {
  return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '_';
}

}  // namespace

Tree read_tree(const std::string& root) {
  Tree tree;
  fs::recursive_directory_iterator walk(root);
  for (auto entry = fs::begin(walk); entry != fs::end(walk); ++entry) {
    const std::string name = entry->path().filename();
    if (entry->is_directory() && is_skipped_folder(name)) {
      entry.disable_recursion_pending();
    } else if (entry->is_regular_file()) {
      std::string& text = tree[fs::relative(entry->path(), root)];
      if (entry->file_size() > text_bytes_max) continue;
      std::ifstream file(entry->path(), std::ios::binary);
      text.assign(std::istreambuf_iterator<char>(file), {});
      if (text.find('\0') != std::string::npos) text.clear();
    }
  }
  return tree;
}

std::string render(const Breach& breach) {
  if (breach.line == 0) return fmt::format("{}: {}", breach.path, breach.message);
  return fmt::format("{}:{}: {}", breach.path, breach.line, breach.message);
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  std::istringstream stream{std::string(text)};
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string folder_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? "" : std::string(path.substr(0, slash));
}

std::string name_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

bool is_cpp(std::string_view path) {
  return path.ends_with(".cpp") || path.ends_with(".h");
}

bool is_test(std::string_view path) {
  return path.ends_with("_test.cpp") || path.ends_with("_test.h") ||
         name_of(path).starts_with("test_");
}

bool is_word_at(std::string_view text, std::size_t at, std::string_view word) {
  if (text.substr(at, word.size()) != word) return false;
  const std::size_t end = at + word.size();
  const bool touches_before = at > 0 && is_word_letter(text[at - 1]) && is_word_letter(word[0]);
  const bool touches_after =
      end < text.size() && is_word_letter(text[end]) && is_word_letter(word.back());
  return !touches_before && !touches_after;
}

std::size_t find_word(std::string_view text, std::string_view word, std::size_t from) {
  for (std::size_t at = text.find(word, from); at != std::string_view::npos;
       at = text.find(word, at + 1)) {
    if (is_word_at(text, at, word)) return at;
  }
  return std::string_view::npos;
}

}  // namespace squall::tidy
