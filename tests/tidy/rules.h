// The rules of docs/STYLE.md and docs/ARCHITECTURE.md that a program can check, one line each in
// rules().
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tidy/tree.h"

namespace squall::tidy {

struct Rule {
  std::string_view name;  // of a test: "LineBudgets"
  void (*check)(const Tree& tree, Breaches& breaches);
};
const std::vector<Rule>& rules();

// rules_of_code.cpp: one file at a time.
void check_line_budgets(const Tree& tree, Breaches& breaches);
void check_columns(const Tree& tree, Breaches& breaches);
void check_functions(const Tree& tree, Breaches& breaches);
void check_banned_calls(const Tree& tree, Breaches& breaches);
void check_head_comments(const Tree& tree, Breaches& breaches);
void check_unfinished_words(const Tree& tree, Breaches& breaches);
bool is_kind_file(std::string_view path, std::string_view text);

// rules_of_modules.cpp: who may include and link whom, and what may be called alike.
void check_floors(const Tree& tree, Breaches& breaches);
void check_linked_floors(const Tree& tree, Breaches& breaches);
void check_type_names(const Tree& tree, Breaches& breaches);

// rules_of_files.cpp: what stands where.
void check_folders(const Tree& tree, Breaches& breaches);
void check_documents(const Tree& tree, Breaches& breaches);
void check_kinds(const Tree& tree, Breaches& breaches);
void check_test_data(const Tree& tree, Breaches& breaches);

// Figures without a limit of their own: sizes of kind files, the share of comments.
std::string report(const Tree& tree);

}  // namespace squall::tidy
