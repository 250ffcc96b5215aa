// The sources as plain data, so that every rule is a pure function which a test can feed with a
// made-up tree. Nothing here asks git: the same files give the same answer in any state of it.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace squall::tidy {

// Path below the root, with slashes -> text.
using Tree = std::map<std::string, std::string>;

// Everything below `root` but build folders, hidden folders (except .ci), and files that are no
// text or larger than 1 MiB, which stand there with an empty text.
Tree read_tree(const std::string& root);

// A place that breaks a rule. Line 0 means the file as a whole.
struct Breach {
  std::string path;
  int line = 0;
  std::string message;  // what is wrong, and what to do instead
};
using Breaches = std::vector<Breach>;
std::string render(const Breach& breach);  // "src/x.cpp:3: message"

std::vector<std::string> lines_of(std::string_view text);
// "src/faults/network" of "src/faults/network/block.cpp"; "" for a file in the root.
std::string folder_of(std::string_view path);
std::string name_of(std::string_view path);
bool is_cpp(std::string_view path);  // .cpp or .h
// A test, or what only tests include.
bool is_test(std::string_view path);

// True when `word` stands in `text` at `at` and no letter, digit or "_" touches it.
bool is_word_at(std::string_view text, std::size_t at, std::string_view word);
// The place of the first such, from `from` on; npos when there is none.
std::size_t find_word(std::string_view text, std::string_view word, std::size_t from = 0);

}  // namespace squall::tidy
