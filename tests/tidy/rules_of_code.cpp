// One file at a time: budgets, banned words, what stands at its head.
#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/core.h>

#include "tidy/code.h"
#include "tidy/rules.h"

namespace squall::tidy {
namespace {

constexpr int columns_max = 100;
constexpr int function_lines_max = 60;

struct Budget {
  std::string_view what;
  int lines = 0;
};

Budget budget_of(std::string_view path, std::string_view text) {
  if (path.ends_with(".h")) return {"a header", 200};
  if (is_test(path)) return {"a test", 600};
  if (is_kind_file(path, text)) return {"a kind", 250};
  return {"a source file", 400};
}

enum class Where { everywhere, in_tests, in_programs };

// A call, or another word, that may not stand in code.
struct Banned {
  std::string_view word;
  std::string_view instead;
  std::vector<std::string_view> allowed_below = {};  // folders in which it may
  Where where = Where::everywhere;
};

constexpr std::string_view use_command = "run programs with sys::run_command: no shell is involved";
constexpr std::string_view use_choices = "every random choice is a hash: core/choices.h";
constexpr std::string_view use_clock = "take the time from sys/clock.h, the one source of it";
constexpr std::string_view use_event = "wait for an event with a limit: sys/patience.h";
constexpr std::string_view use_result = "return a Result (core/result.h)";
constexpr std::string_view use_from_chars = "use std::from_chars, which neither throws nor guesses";

const std::vector<Banned>& banned_words() {
  // The runner shares no code with what it tests, so it has its own clock.
  static const std::vector<std::string_view> clocks = {"src/sys/", "tests/runner/"};
  static const std::vector<Banned> words = {
      {"system(", use_command},
      {"popen(", use_command},
      {"rand(", use_choices},
      {"srand(", use_choices},
      {"random(", use_choices},
      {"drand48(", use_choices},
      {"std::random_device", use_choices, {"src/core/", "src/sys/"}},
      {"std::mt19937", use_choices},
      {"std::mt19937_64", use_choices},
      {"time(", use_clock, clocks},
      {"gettimeofday(", use_clock, clocks},
      {"clock_gettime(", use_clock, clocks},
      {"system_clock::now", use_clock, clocks},
      {"steady_clock::now", use_clock, clocks},
      {"high_resolution_clock::now", use_clock, clocks},
      {"sleep(", use_event},
      {"usleep(", use_event},
      {"nanosleep(", use_event, {"src/sys/"}},
      {"sleep_for(", use_event},
      {"std::this_thread::sleep_until", use_event},
      {".detach(", "keep the std::jthread, so that somebody waits for it"},
      {"std::thread(", "use std::jthread, which is joined"},
      {"catch (...)", "name what is caught, in the one file that wraps the library"},
      {"throw", use_result},
      {"std::stoi(", use_from_chars, {}, Where::in_programs},
      {"std::stol(", use_from_chars, {}, Where::in_programs},
      {"std::stoll(", use_from_chars, {}, Where::in_programs},
      {"std::stoul(", use_from_chars, {}, Where::in_programs},
      {"std::stod(", use_from_chars, {}, Where::in_programs},
      {"atoi(", use_from_chars},
      {"atoll(", use_from_chars},
      {"assert(", "use CHECK (core/check.h), which stays on in release builds"},
      {"DISABLED_", "delete the test, or skip it with a reason", {}, Where::in_tests},
  };
  return words;
}

bool is_allowed(const Banned& banned, std::string_view path) {
  const bool is_program = !is_test(path) && !path.starts_with("tests/");
  if (banned.where == Where::in_tests && is_program) return true;
  if (banned.where == Where::in_programs && !is_program) return true;
  return std::any_of(banned.allowed_below.begin(), banned.allowed_below.end(),
                     [&](std::string_view folder) { return path.starts_with(folder); });
}

// True when the name at `at` belongs to something of ours: x.time(), sys::wait, Plan::time.
bool is_our_own(std::string_view line, std::size_t at) {
  if (at > 0 && (line[at - 1] == '.' || line[at - 1] == '>')) return true;
  if (at < 3 || line.substr(at - 2, 2) != "::") return false;
  std::size_t start = at - 2;
  while (start > 0 && (std::isalnum(static_cast<unsigned char>(line[start - 1])) != 0)) --start;
  const std::string_view owner = line.substr(start, at - 2 - start);
  return owner == "sys" || (!owner.empty() && std::isupper(static_cast<unsigned char>(owner[0])));
}

bool stands_in(std::string_view line, std::string_view word) {
  if (word.ends_with('_')) return line.find(word) != std::string_view::npos;  // a prefix
  for (std::size_t at = find_word(line, word); at != std::string_view::npos;
       at = find_word(line, word, at + 1)) {
    if (word[0] == '.' || !is_our_own(line, at)) return true;
  }
  return false;
}

// "new" belongs into the hands of a smart pointer in the same line; "delete" nowhere, beyond
// "= delete".
std::string_view naked_memory(std::string_view line) {
  if (find_word(line, "new") != std::string_view::npos &&
      line.find("_ptr<") == std::string_view::npos) {
    return "new";
  }
  const std::size_t at = find_word(line, "delete");
  if (at != std::string_view::npos && !line.substr(0, at).ends_with("= ")) return "delete";
  return {};
}

std::size_t count_characters(std::string_view line) {
  return static_cast<std::size_t>(
      std::count_if(line.begin(), line.end(), [](char byte) { return (byte & 0xC0) != 0x80; }));
}

}  // namespace

bool is_kind_file(std::string_view path, std::string_view text) {
  return path.starts_with("src/") && path.ends_with(".cpp") && !is_test(path) &&
         text.find("\nconst Kind kind_") != std::string_view::npos;
}

void check_line_budgets(const Tree& tree, Breaches& breaches) {
  for (const auto& [path, text] : tree) {
    if (!is_cpp(path)) continue;
    const auto lines = static_cast<int>(lines_of(text).size());
    const Budget budget = budget_of(path, text);
    if (lines <= budget.lines) continue;
    breaches.push_back({path, 0,
                        fmt::format("{} lines, and {} has at most {}: split it where the meaning "
                                    "splits",
                                    lines, budget.what, budget.lines)});
  }
}

void check_columns(const Tree& tree, Breaches& breaches) {
  for (const auto& [path, text] : tree) {
    if (!is_cpp(path)) continue;
    int number = 0;
    for (const std::string& line : lines_of(text)) {
      ++number;
      const std::size_t columns = count_characters(line);
      if (columns <= columns_max) continue;
      breaches.push_back(
          {path, number, fmt::format("{} columns, more than {}", columns, columns_max)});
    }
  }
}

void check_functions(const Tree& tree, Breaches& breaches) {
  for (const auto& [path, text] : tree) {
    if (!is_cpp(path)) continue;
    const Functions functions = find_functions(text);
    if (!functions.is_balanced) {
      breaches.push_back(
          {path, 0, "its braces do not balance, so its functions cannot be counted"});
    }
    for (const Function& function : functions.found) {
      if (function.lines() <= function_lines_max) continue;
      breaches.push_back({path, function.first_line,
                          fmt::format("{} has {} lines, and a function at most {}: give its parts "
                                      "names",
                                      function.name, function.lines(), function_lines_max)});
    }
  }
}

void check_banned_calls(const Tree& tree, Breaches& breaches) {
  for (const auto& [path, text] : tree) {
    if (!is_cpp(path)) continue;
    int number = 0;
    for (const std::string& line : lines_of(only_code(text))) {
      ++number;
      for (const Banned& banned : banned_words()) {
        if (!stands_in(line, banned.word) || is_allowed(banned, path)) continue;
        breaches.push_back(
            {path, number, fmt::format("{} is banned: {}", banned.word, banned.instead)});
      }
      if (const std::string_view word = naked_memory(line); !word.empty()) {
        breaches.push_back({path, number,
                            fmt::format("naked {}: use std::make_unique, or a smart "
                                        "pointer in the same line",
                                        word)});
      }
      if (path.ends_with(".h") && line.starts_with("using namespace ")) {
        breaches.push_back({path, number, "a header opens no namespace for everybody"});
      }
    }
  }
}

// Headers speak for the .cpp beside them, and tests for themselves; everything else says at its
// head why it exists.
void check_head_comments(const Tree& tree, Breaches& breaches) {
  for (const auto& [path, text] : tree) {
    const bool is_script = text.starts_with("#!");
    if (!is_cpp(path) && !is_script) continue;
    const std::vector<std::string> lines = lines_of(text);
    std::string stem = path.substr(0, path.rfind('.'));
    if (stem.ends_with("_test")) stem.resize(stem.size() - 5);
    const bool is_spoken_for =
        path.ends_with(".cpp") &&
        (tree.contains(stem + ".h") || tree.contains(path.substr(0, path.size() - 4) + ".h") ||
         (path != stem + ".cpp" && tree.contains(stem + ".cpp")));
    const bool has_head =
        is_script ? lines.size() > 1 && lines[1].starts_with("# ") : text.starts_with("// ");
    if (!has_head && !is_spoken_for) {
      breaches.push_back({path, 1, "no head comment: say why the file exists and how it works"});
    }
    if (path.ends_with(".h") && text.find("\n#pragma once\n") == std::string::npos) {
      breaches.push_back({path, 1, "no #pragma once"});
    }
  }
}

void check_unfinished_words(const Tree& tree, Breaches& breaches) {
  static constexpr std::array<std::string_view, 3> words = {
      "TO"
      "DO",
      "FIX"
      "ME",
      "X"
      "XX"};
  for (const auto& [path, text] : tree) {
    int number = 0;
    for (const std::string& line : lines_of(text)) {
      ++number;
      for (const std::string_view word : words) {
        if (find_word(line, word) == std::string::npos) continue;
        breaches.push_back(
            {path, number, fmt::format("{}: finish it, or file it as an issue", word)});
      }
    }
  }
}

}  // namespace squall::tidy
