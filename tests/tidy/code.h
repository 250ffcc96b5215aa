// Just enough reading of C++ for the rules: what is code and what is comment or literal, where
// functions begin and end, what is included. It relies on sources that a compiler accepts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace squall::tidy {

// A text with the same lines and columns, in which comments and what stands between quotes are
// blanks. Preprocessor lines stay.
std::string only_code(std::string_view text);

struct Function {
  std::string name;  // as written: "Server::run", "TEST(Journal, IsRepaired)"
  int first_line = 0;
  int last_line = 0;
  int lines() const { return last_line - first_line + 1; }
};
struct Functions {
  std::vector<Function> found;  // outermost ones; lambdas belong to the function they stand in
  bool is_balanced = true;      // every brace has its partner; if not, `found` means nothing
};
Functions find_functions(std::string_view text);

struct Include {
  std::string path;  // of #include "path"; angle brackets are none of ours
  int line = 0;
};
std::vector<Include> find_includes(std::string_view text);

// How many lines hold nothing but a comment, and how many hold anything.
struct CommentShare {
  int comments = 0;
  int lines = 0;
};
CommentShare count_comments(std::string_view text);

}  // namespace squall::tidy
