// What stands where: folders, documents, the catalogues of kinds, and data that some test must
// read.
#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <set>

#include <fmt/core.h>

#include "tidy/code.h"
#include "tidy/rules.h"

namespace squall::tidy {
namespace {

constexpr std::array<std::string_view, 10> empty_names = {
    "util", "utils", "common", "misc", "helper", "helpers", "manager", "managers", "lib", "shared"};
constexpr std::array<std::string_view, 5> modules_of_kinds = {"change", "faults", "probes", "proxy",
                                                              "witness"};
constexpr int median_goal = 100;

bool is_snake_case(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](unsigned char letter) {
    return std::islower(letter) != 0 || std::isdigit(letter) != 0 || letter == '_';
  });
}

void check_heading(const std::string& path, const std::string& text, Breaches& breaches) {
  int headings = 0;
  bool is_code = false;
  for (const std::string& line : lines_of(text)) {
    if (line.starts_with("```")) is_code = !is_code;
    if (!is_code && line.starts_with("# ")) ++headings;
  }
  if (headings != 1) {
    breaches.push_back({path, 0,
                        fmt::format("{} headings of the first level, and a document has "
                                    "exactly one",
                                    headings)});
  }
}

// "docs/../README.md" -> "README.md"
std::string resolve(const std::string& folder, std::string_view link) {
  std::vector<std::string> parts;
  const std::string whole = folder.empty() ? std::string(link) : folder + "/" + std::string(link);
  for (std::size_t start = 0; start <= whole.size();) {
    const std::size_t end = std::min(whole.find('/', start), whole.size());
    const std::string part = whole.substr(start, end - start);
    start = end + 1;
    if (part == ".." && !parts.empty()) {
      parts.pop_back();
    } else if (!part.empty() && part != ".") {
      parts.push_back(part);
    }
  }
  std::string path;
  for (const std::string& part : parts) path += (path.empty() ? "" : "/") + part;
  return path;
}

bool exists(const Tree& tree, const std::string& path) {
  const auto found = tree.lower_bound(path);
  return found != tree.end() && (found->first == path || found->first.starts_with(path + "/"));
}

void check_links(const Tree& tree, const std::string& path, const std::string& text,
                 Breaches& breaches) {
  int number = 0;
  for (const std::string& line : lines_of(text)) {
    ++number;
    for (std::size_t at = line.find("]("); at != std::string::npos; at = line.find("](", at + 1)) {
      const std::size_t end = line.find(')', at);
      if (end == std::string::npos) break;
      std::string link = line.substr(at + 2, end - at - 2);
      if (link.find("://") != std::string::npos || link.starts_with('#')) continue;
      link = link.substr(0, link.find('#'));
      if (exists(tree, resolve(folder_of(path), link))) continue;
      breaches.push_back({path, number, fmt::format("the link {} leads nowhere", link)});
    }
  }
}

// The names behind "const Kind kind_" in a file.
std::vector<std::string> kinds_in(std::string_view text) {
  static constexpr std::string_view mark = "\nconst Kind ";
  std::vector<std::string> kinds;
  for (std::size_t at = text.find(mark); at != std::string_view::npos;
       at = text.find(mark, at + 1)) {
    const std::size_t start = at + mark.size();
    kinds.emplace_back(text.substr(start, text.find_first_of(" (={;", start) - start));
  }
  return kinds;
}

void check_fault(const Tree& tree, const std::string& path, Breaches& breaches) {
  // src/faults/network/block.cpp is network.block.
  std::string name = path.substr(11, path.size() - 11 - 4);
  std::replace(name.begin(), name.end(), '/', '.');
  if (tree.at(path).find(fmt::format(".name = \"{}\"", name)) == std::string::npos) {
    breaches.push_back({path, 0, fmt::format("the fault in this file must be called {}", name)});
  }
  if (!tree.contains(fmt::format("docs/faults/{}.md", name))) {
    breaches.push_back({path, 0, fmt::format("docs/faults/{}.md is missing", name)});
  }
  const std::string test = path.substr(0, path.size() - 4) + "_test.cpp";
  if (!tree.contains(test)) breaches.push_back({path, 0, fmt::format("{} is missing", test)});
}

void check_fault_pages(const Tree& tree, Breaches& breaches) {
  for (const auto& [path, text] : tree) {
    if (folder_of(path) != "docs/faults" || path.ends_with("/README.md")) continue;
    std::string source = path.substr(12, path.size() - 12 - 3);
    std::replace(source.begin(), source.end(), '.', '/');
    if (tree.contains(fmt::format("src/faults/{}.cpp", source))) continue;
    breaches.push_back({path, 0, "the page of a fault that does not exist"});
  }
}

// What a test can claim files with: any code of a test, whole, because the names stand in literals.
std::string texts_of_tests(const Tree& tree) {
  std::string texts;
  for (const auto& [path, text] : tree) {
    const bool is_program = path.starts_with("tests/") && path.ends_with(".cpp");
    if (is_test(path) || is_program || path.ends_with(".sh") || path == "demo/run") texts += text;
  }
  return texts;
}

void check_corpora(const Tree& tree, Breaches& breaches) {
  std::set<std::string> fuzzers;
  for (const auto& [path, text] : tree) {
    if (!path.starts_with("src/") || !path.ends_with("_fuzz.cpp")) continue;
    const std::string name = name_of(path).substr(0, name_of(path).size() - 9);
    fuzzers.insert(name);
    if (!exists(tree, "tests/fuzz/" + name)) {
      breaches.push_back({path, 0,
                          fmt::format("it has no corpus: put a first input into "
                                      "tests/fuzz/{}",
                                      name)});
    }
  }
  for (const auto& [path, text] : tree) {
    if (!path.starts_with("tests/fuzz/")) continue;
    const std::string name = name_of(folder_of(path));
    if (fuzzers.contains(name)) continue;
    breaches.push_back({path, 0, fmt::format("no src/**/{}_fuzz.cpp reads it", name)});
  }
}

}  // namespace

void check_folders(const Tree& tree, Breaches& breaches) {
  const auto map = tree.find("docs/ARCHITECTURE.md");
  std::set<std::string> seen;
  for (const auto& [path, text] : tree) {
    for (std::string folder = folder_of(path); !folder.empty(); folder = folder_of(folder)) {
      if (!seen.insert(folder).second) break;
      const std::string name = name_of(folder);
      if (std::find(empty_names.begin(), empty_names.end(), name) != empty_names.end()) {
        breaches.push_back({folder, 0,
                            fmt::format("\"{}\" says nothing: name the folder after what "
                                        "is in it",
                                        name)});
      }
      const bool is_top = folder.find('/') == std::string::npos && !folder.starts_with('.');
      if (is_top && (map == tree.end() ||
                     map->second.find(fmt::format("`{}/`", name)) == std::string::npos)) {
        breaches.push_back(
            {folder, 0, "docs/ARCHITECTURE.md does not say what this folder is for"});
      }
    }
    const std::string file = name_of(path);
    if (is_cpp(path) && !is_snake_case(file.substr(0, file.rfind('.')))) {
      breaches.push_back({path, 0, "files are named in snake_case"});
    }
  }
}

void check_documents(const Tree& tree, Breaches& breaches) {
  for (const auto& [path, text] : tree) {
    if (!path.ends_with(".md")) continue;
    check_heading(path, text, breaches);
    check_links(tree, path, text, breaches);
  }
}

void check_kinds(const Tree& tree, Breaches& breaches) {
  for (const std::string_view module : modules_of_kinds) {
    const auto catalogue = tree.find(fmt::format("src/{}/catalog.cpp", module));
    for (const auto& [path, text] : tree) {
      if (!path.starts_with(fmt::format("src/{}/", module)) || !is_kind_file(path, text)) continue;
      for (const std::string& kind : kinds_in(text)) {
        if (catalogue != tree.end() &&
            find_word(catalogue->second, "&" + kind) != std::string::npos) {
          continue;
        }
        breaches.push_back(
            {path, 0, fmt::format("{} has no line in src/{}/catalog.cpp", kind, module)});
      }
      if (module == "faults") check_fault(tree, path, breaches);
    }
  }
  check_fault_pages(tree, breaches);
}

// True when a test walks the folder of this file of the catalogue, or the part of it whose names
// begin like this one: catalogue_folder database 'redis-*'
bool is_walked(const std::string& texts, const std::string& path) {
  const std::string folder = name_of(folder_of(path));
  const std::string name = name_of(path);
  const std::string family = name.substr(0, name.find('-') + 1);
  return texts.find(fmt::format("\ncatalogue_folder {}\n", folder)) != std::string::npos ||
         texts.find(fmt::format("\ncatalogue_folder {} '{}*'\n", folder, family)) !=
             std::string::npos;
}

void check_test_data(const Tree& tree, Breaches& breaches) {
  static constexpr std::array<std::string_view, 3> folders = {"tests/scenarios/", "tests/golden/",
                                                              "catalogue/"};
  const std::string texts = texts_of_tests(tree);
  for (const auto& [path, text] : tree) {
    const bool is_data = std::any_of(folders.begin(), folders.end(), [&](std::string_view folder) {
      return path.starts_with(folder);
    });
    if (!is_data || path.ends_with(".md")) continue;
    const std::string folder = folder_of(path);
    const bool is_claimed = find_word(texts, name_of(path)) != std::string::npos ||
                            texts.find(folder + "\"") != std::string::npos ||
                            texts.find("/" + folder + "/") != std::string::npos ||
                            is_walked(texts, path);
    if (is_claimed) continue;
    breaches.push_back({path, 0, "no test names this file or walks its folder: nothing holds it"});
  }
  check_corpora(tree, breaches);
}

std::string report(const Tree& tree) {
  std::vector<int> sizes;
  CommentShare sum;
  for (const auto& [path, text] : tree) {
    if (is_kind_file(path, text)) sizes.push_back(static_cast<int>(lines_of(text).size()));
    if (!path.starts_with("src/") || !is_cpp(path) || is_test(path)) continue;
    const CommentShare share = count_comments(text);
    sum.comments += share.comments;
    sum.lines += share.lines;
  }
  std::sort(sizes.begin(), sizes.end());
  return fmt::format(
      "{} kind files, {} lines in the median (goal {}); {:.1f} % of the lines are comments",
      sizes.size(), sizes.empty() ? 0 : sizes[sizes.size() / 2], median_goal,
      sum.lines == 0 ? 0 : 100.0 * sum.comments / sum.lines);
}

const std::vector<Rule>& rules() {
  static const std::vector<Rule> all = {
      {"LineBudgets", check_line_budgets},
      {"Columns", check_columns},
      {"Functions", check_functions},
      {"BannedCalls", check_banned_calls},
      {"HeadComments", check_head_comments},
      {"UnfinishedWords", check_unfinished_words},
      {"Floors", check_floors},
      {"LinkedFloors", check_linked_floors},
      {"TypeNames", check_type_names},
      {"Folders", check_folders},
      {"Documents", check_documents},
      {"Kinds", check_kinds},
      {"TestData", check_test_data},
  };
  return all;
}

}  // namespace squall::tidy
