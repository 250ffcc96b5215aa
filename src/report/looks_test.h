// What the tests of the reports look for in a text: golden files, and whether markup is whole.
#pragma once

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/text.h"

namespace squall::report {

// With SQUALL_UPDATE_GOLDEN set, writes what it would compare.
inline void expect_golden(const std::string& name, const std::string& text) {
  const std::string path = std::string(SQUALL_SOURCE_DIR "/tests/golden/") + name;
  if (std::getenv("SQUALL_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << text;
  std::ifstream file(path);
  EXPECT_TRUE(file.good()) << path;
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), text)
      << "run this test with SQUALL_UPDATE_GOLDEN=1 to write the file";
}

inline std::size_t count_of(std::string_view text, std::string_view wanted) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(wanted, at)) != std::string_view::npos; ++at) ++count;
  return count;
}

// Where the first tag is that is opened or closed wrongly, or "" when every one fits. Text within
// tags must hold no bare < or >, and attributes no bare quotes.
inline std::string first_broken_tag(std::string_view markup) {
  const std::set<std::string, std::less<>> voids = {"meta", "!DOCTYPE", "?xml"};
  std::vector<std::string> open;
  for (std::size_t at = 0; at < markup.size();) {
    const std::size_t start = markup.find_first_of("<>", at);
    if (start == std::string_view::npos) break;
    const std::size_t end = markup.find('>', start);
    const auto here = [&] { return std::string(markup.substr(start, 120)); };
    if (markup[start] == '>' || end == std::string_view::npos) return here();
    const std::string_view tag = markup.substr(start + 1, end - start - 1);
    at = end + 1;
    if (tag.find('<') != std::string_view::npos || count_of(tag, "\"") % 2 != 0) return here();
    const bool is_closing = tag.starts_with("/");
    const std::string name(tag.substr(is_closing, tag.find_first_of(" \n/", 1) - is_closing));
    if (is_closing && (open.empty() || open.back() != tag.substr(1))) return here();
    if (is_closing) {
      open.pop_back();
    } else if (!tag.ends_with('/') && voids.count(name) == 0) {
      open.push_back(name);
    }
    if (name == "style" && !is_closing) at = markup.find("</style>", at);
  }
  return open.empty() ? "" : "never closed: " + open.back();
}

inline bool has_control_characters(std::string_view text) {
  for (const std::string& line : split(text, '\n')) {
    if (printable(line) != line) return true;
  }
  return false;
}

}  // namespace squall::report
