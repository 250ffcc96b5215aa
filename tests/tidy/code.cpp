#include "tidy/code.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "tidy/tree.h"

namespace squall::tidy {
namespace {

bool is_name_letter(char letter) {
  return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '_';
}

// Walks over a text once and blanks what is no code.
class Blanker {
 public:
  explicit Blanker(std::string_view text) : text_(text), code_(text) {}

  std::string run() {
    while (at_ < text_.size()) {
      if (starts("//")) {
        blank_until("\n", 0);
      } else if (starts("/*")) {
        blank_until("*/", 2);
      } else if (starts("R\"") && (at_ == 0 || !is_name_letter(text_[at_ - 1]))) {
        blank_raw_string();
      } else if (text_[at_] == '"' || (text_[at_] == '\'' && !is_digit_separator())) {
        blank_quoted(text_[at_]);
      } else {
        ++at_;
      }
    }
    return std::move(code_);
  }

 private:
  bool starts(std::string_view mark) const { return text_.substr(at_).starts_with(mark); }
  // 1'000: between two letters or digits of one number.
  bool is_digit_separator() const {
    return at_ > 0 && std::isxdigit(static_cast<unsigned char>(text_[at_ - 1])) != 0;
  }
  void blank_to(std::size_t end) {
    for (; at_ < std::min(end, text_.size()); ++at_) {
      if (text_[at_] != '\n') code_[at_] = ' ';
    }
  }
  void blank_until(std::string_view mark, std::size_t more) {
    const std::size_t end = text_.find(mark, at_ + more);
    blank_to(end == std::string_view::npos ? text_.size() : end + more);
  }
  void blank_quoted(char quote) {
    for (++at_; at_ < text_.size() && text_[at_] != quote && text_[at_] != '\n';) {
      blank_to(at_ + (text_[at_] == '\\' ? 2 : 1));
    }
    ++at_;
  }
  void blank_raw_string() {
    const std::size_t open = text_.find('(', at_);
    if (open == std::string_view::npos) return blank_to(text_.size());
    std::string close = ")";
    close += text_.substr(at_ + 2, open - at_ - 2);
    close += '"';
    const std::size_t end = text_.find(close, open);
    at_ += 2;
    blank_to(end == std::string_view::npos ? text_.size() : end + close.size() - 1);
    ++at_;
  }

  std::string_view text_;
  std::string code_;
  std::size_t at_ = 0;
};

// The text without preprocessor lines and what they are continued on.
std::string without_directives(std::string code) {
  bool is_directive = false;
  for (std::size_t start = 0; start < code.size();) {
    const std::size_t end = std::min(code.find('\n', start), code.size());
    const std::size_t first = code.find_first_not_of(" \t", start);
    is_directive = is_directive || (first < end && code[first] == '#');
    const bool goes_on = end > start && code[end - 1] == '\\';
    if (is_directive) std::fill(code.begin() + start, code.begin() + end, ' ');
    is_directive = is_directive && goes_on;
    start = end + 1;
  }
  return code;
}

std::string without_blanks_around(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\n");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t\n") - first + 1));
}

// Takes "template <...>" and attributes off the front of a declaration.
std::string_view without_template(std::string_view head) {
  while (head.starts_with("template")) {
    int depth = 0;
    std::size_t at = head.find('<');
    for (; at < head.size(); ++at) {
      if (head[at] == '<') ++depth;
      if (head[at] == '>' && --depth == 0) break;
    }
    if (at >= head.size()) return head;
    head.remove_prefix(std::min(head.find_first_not_of(" \t\n", at + 1), head.size()));
  }
  return head;
}

// What the text before an opening brace, outside of every function, says that the brace is.
enum class Brace { function, container, initialiser };

bool opens_container(std::string_view head) {
  static constexpr std::array<std::string_view, 6> words = {"namespace", "struct", "class",
                                                            "enum",      "union",  "extern"};
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return is_word_at(head, 0, word); });
}

Brace classify(std::string_view whole) {
  const std::string_view head = without_template(whole);
  const std::size_t parenthesis = head.find('(');
  if (opens_container(head) &&
      (parenthesis == std::string_view::npos || head.find("alignas") != std::string_view::npos)) {
    return Brace::container;
  }
  if (parenthesis == std::string_view::npos) return Brace::initialiser;
  const std::string_view before = head.substr(0, parenthesis);
  if (before.find('=') != std::string_view::npos &&
      before.find("operator") == std::string_view::npos) {
    return Brace::initialiser;
  }
  // "a_{1}" in a constructor's list of members: a name before the brace, and not a word that may
  // follow the parameters.
  if (head.ends_with('}')) return Brace::function;  // after the list of members
  const std::string_view after = head.substr(head.rfind(')') + 1);
  if (after.find("->") != std::string_view::npos) return Brace::function;
  const std::string word = without_blanks_around(after);
  const bool ends_a_signature = word.empty() || word == "const" || word == "noexcept" ||
                                word == "override" || word == "final" || word == "const override" ||
                                word == "const noexcept" || word == "noexcept override" ||
                                word == "const&" || word == "&&" || word == "&" ||
                                word == "mutable";
  return ends_a_signature ? Brace::function : Brace::initialiser;
}

std::string name_in(std::string_view whole) {
  const std::string_view head = without_template(whole);
  const std::size_t open = head.find('(');
  const bool is_macro = head.substr(0, open).find_first_of(" \n") == std::string_view::npos &&
                        head.starts_with("TEST");
  if (is_macro) return std::string(head.substr(0, head.find(')') + 1));
  const std::size_t blank = head.substr(0, open).find_last_of(" \n*&");
  const std::size_t start = blank == std::string_view::npos ? 0 : blank + 1;
  return std::string(head.substr(start, open - start));
}

// Walks over the braces of a text. Inside an outermost function or initialiser only their number
// counts; outside, what stands before a brace says what it opens.
class FunctionFinder {
 public:
  explicit FunctionFinder(std::string code) : code_(std::move(code)) {}

  Functions run() {
    for (at_ = 0; at_ < code_.size(); ++at_) {
      if (code_[at_] == '\n') ++line_;
      if (inside_ > 0) {
        step_inside();
      } else {
        step_outside();
      }
    }
    functions_.is_balanced = functions_.is_balanced && containers_ == 0 && inside_ == 0;
    return std::move(functions_);
  }

 private:
  void step_inside() {
    if (code_[at_] == '{') ++inside_;
    if (code_[at_] != '}' || --inside_ > 0 || !is_in_function_) return;
    functions_.found.back().last_line = line_;
    head_ = at_ + 1;
  }
  void step_outside() {
    const char letter = code_[at_];
    if (letter == '(') ++parentheses_;
    if (letter == ')') --parentheses_;
    if (letter == '{') open();
    if (parentheses_ > 0) return;
    if (letter == '}') {
      if (--containers_ < 0) functions_.is_balanced = false;
    }
    if (letter == ';' || letter == '}') head_ = at_ + 1;
  }
  void open() {
    const std::size_t start = start_of_declaration();
    const std::string declaration =
        without_blanks_around(std::string_view(code_).substr(start, at_ - start));
    const Brace kind = parentheses_ > 0 ? Brace::initialiser : classify(declaration);
    if (kind == Brace::container) {
      ++containers_;
      head_ = at_ + 1;
      return;
    }
    is_in_function_ = kind == Brace::function;
    inside_ = 1;
    if (!is_in_function_) return;
    const auto lines_since = std::count(code_.begin() + start, code_.begin() + at_, '\n');
    functions_.found.push_back({name_in(declaration), line_ - static_cast<int>(lines_since), 0});
  }
  // Behind blanks and "public:".
  std::size_t start_of_declaration() const {
    std::size_t start = std::min(code_.find_first_not_of(" \t\n", head_), at_);
    for (const std::string_view label : {"public:", "private:", "protected:"}) {
      if (std::string_view(code_).substr(start).starts_with(label)) {
        start = std::min(code_.find_first_not_of(" \t\n", start + label.size()), at_);
      }
    }
    return start;
  }

  std::string code_;
  Functions functions_;
  std::size_t at_ = 0;
  std::size_t head_ = 0;  // where the current declaration begins
  int line_ = 1;
  int parentheses_ = 0;  // open ones, outside of functions
  int containers_ = 0;   // open namespaces and classes
  int inside_ = 0;       // open braces of the current function or initialiser
  bool is_in_function_ = false;
};

}  // namespace

std::string only_code(std::string_view text) {
  return Blanker(text).run();
}

Functions find_functions(std::string_view text) {
  return FunctionFinder(without_directives(only_code(text))).run();
}

std::vector<Include> find_includes(std::string_view text) {
  static constexpr std::string_view mark = "#include \"";
  const std::vector<std::string> written = lines_of(text);
  const std::vector<std::string> code = lines_of(only_code(text));
  std::vector<Include> includes;
  for (std::size_t i = 0; i < code.size(); ++i) {
    if (!code[i].starts_with(mark)) continue;
    const std::size_t end = written[i].find('"', mark.size());
    if (end == std::string::npos) continue;
    includes.push_back(
        {written[i].substr(mark.size(), end - mark.size()), static_cast<int>(i) + 1});
  }
  return includes;
}

CommentShare count_comments(std::string_view text) {
  CommentShare share;
  const std::vector<std::string> code = lines_of(only_code(text));
  const std::vector<std::string> written = lines_of(text);
  for (std::size_t i = 0; i < written.size(); ++i) {
    if (written[i].find_first_not_of(" \t") == std::string::npos) continue;
    ++share.lines;
    if (code[i].find_first_not_of(" \t") == std::string::npos) ++share.comments;
  }
  return share;
}

}  // namespace squall::tidy
