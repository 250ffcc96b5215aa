#include "runner/outcome.h"

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include <boost/json.hpp>
#include <fmt/core.h>

namespace squall::runner {
namespace {

namespace json = boost::json;

constexpr std::size_t tail_lines = 40;
constexpr std::size_t detail_bytes_max = 8000;

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  std::istringstream stream{std::string(text)};
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string last_lines(std::string_view text) {
  const std::vector<std::string> lines = lines_of(text);
  const std::size_t first = lines.size() > tail_lines ? lines.size() - tail_lines : 0;
  std::string tail;
  for (std::size_t i = first; i < lines.size(); ++i) tail += lines[i] + "\n";
  return tail;
}

std::string text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

const json::array& list_of(const json::object& object, std::string_view key) {
  static const json::array none;
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_array() ? value->get_array() : none;
}

// The compiler saw paths from the build folder; people look from the root.
std::string from_root(std::string text) {
  constexpr std::string_view up = "../../";
  for (std::size_t at = 0; at != std::string::npos; at = text.find('\n', at + 1)) {
    const std::size_t start = at == 0 ? 0 : at + 1;
    if (std::string_view(text).substr(start).starts_with(up)) text.erase(start, up.size());
  }
  return text;
}

// The text that GoogleTest printed between the start of a case and its end.
std::string said_in(std::string_view log, const std::string& name) {
  const std::size_t start = log.find("[ RUN      ] " + name + "\n");
  if (start == std::string_view::npos) return {};
  const std::size_t from = log.find('\n', start) + 1;
  const std::size_t end = log.find("\n[  ", from);
  const std::size_t stop = end == std::string_view::npos ? log.size() : end;
  return stop < from ? "" : from_root(std::string(log.substr(from, stop - from)));
}

Case case_from_report(const json::object& test, std::string_view log) {
  Case made;
  made.name = text_of(test, "classname") + "." + text_of(test, "name");
  made.seconds = std::strtod(text_of(test, "time").c_str(), nullptr);
  for (const json::value& failure : list_of(test, "failures")) {
    made.state = Case::State::failed;
    if (failure.is_object())
      made.detail += from_root(text_of(failure.get_object(), "failure")) + "\n";
  }
  if (made.state == Case::State::passed && text_of(test, "result") == "SKIPPED") {
    made.state = Case::State::skipped;
    made.detail = said_in(log, made.name);
  }
  return made;
}

bool read_report(const Output& output, std::vector<Case>& cases) {
  json::error_code problem;
  const json::value report = json::parse(output.report, problem);
  if (problem || !report.is_object()) return false;
  for (const json::value& suite : list_of(report.get_object(), "testsuites")) {
    if (!suite.is_object()) continue;
    for (const json::value& test : list_of(suite.get_object(), "testsuite")) {
      if (test.is_object() && text_of(test.get_object(), "result") != "SUPPRESSED") {
        cases.push_back(case_from_report(test.get_object(), output.log));
      }
    }
  }
  return true;
}

// What a program that died in the middle had said: the case without an end is the one that failed.
void read_log(const Output& output, const Ending& ending, std::vector<Case>& cases) {
  std::string running;
  for (const std::string& line : lines_of(output.log)) {
    const auto begins = [&](std::string_view mark) { return line.starts_with(mark); };
    const std::string name =
        line.size() > 13 ? line.substr(13, line.find_first_of(" ,", 13) - 13) : std::string();
    const bool is_end = !running.empty() && name == running;
    if (begins("[ RUN      ] ")) {
      running = name;
    } else if (is_end && (begins("[       OK ] ") || begins("[  FAILED  ] "))) {
      const bool failed = begins("[  FAILED  ] ");
      cases.push_back({running, failed ? Case::State::failed : Case::State::passed,
                       failed ? said_in(output.log, running) : ""});
      running.clear();
    } else if (is_end && begins("[  SKIPPED ] ")) {
      cases.push_back({running, Case::State::skipped, said_in(output.log, running)});
      running.clear();
    }
  }
  if (running.empty()) return;
  cases.push_back({running, Case::State::failed,
                   describe(ending) + "\n" + last_lines(said_in(output.log, running))});
}

void read_sentences(const Output& output, const Ending& ending, std::vector<Case>& cases) {
  std::string since_last_case;
  std::string replaying;
  bool was_skipped = false;
  for (const std::string& line : lines_of(output.log)) {
    if (line.starts_with("ok - ")) {
      cases.push_back({line.substr(5), Case::State::passed, ""});
    } else if (line.starts_with("not ok - ")) {
      cases.push_back({line.substr(9), Case::State::failed, last_lines(since_last_case)});
    } else if (line.starts_with("skip - ")) {
      cases.push_back({"all of it", Case::State::skipped, line.substr(7)});
      was_skipped = true;
    } else if (line.starts_with("replaying ")) {
      replaying = line.substr(10);
      since_last_case.clear();
      continue;
    } else {
      since_last_case += line + "\n";
      continue;
    }
    since_last_case.clear();
    replaying.clear();
  }
  if (!replaying.empty()) {
    cases.push_back(
        {replaying, Case::State::failed, describe(ending) + "\n" + last_lines(since_last_case)});
  }
  if (ending.kind == Ending::Kind::exited && ending.code == 77 && !was_skipped) {
    cases.push_back({"all of it", Case::State::skipped, last_lines(output.log)});
  }
}

bool has_failure(const std::vector<Case>& cases) {
  return std::any_of(cases.begin(), cases.end(),
                     [](const Case& one) { return one.state == Case::State::failed; });
}

bool speaks_of_root(std::string_view reason) {
  return reason.find("root") != std::string_view::npos;
}

}  // namespace

std::vector<Case> read_cases(const Output& output, const Ending& ending) {
  std::vector<Case> cases;
  if (output.format == Format::sentences) {
    read_sentences(output, ending, cases);
  } else if (!read_report(output, cases)) {
    read_log(output, ending, cases);
  }
  const bool is_skip = ending.kind == Ending::Kind::exited && ending.code == 77 &&
                       output.format == Format::sentences;
  if (!ending.is_clean() && !is_skip && !has_failure(cases)) {
    cases.push_back({"the program as a whole", Case::State::failed,
                     describe(ending) + "\n" + last_lines(output.log)});
  }
  if (cases.empty()) {
    cases.push_back({"the program as a whole", Case::State::failed,
                     "it ran no test\n" + last_lines(output.log)});
  }
  if (!ending.left_behind.empty()) {
    std::string names;
    for (const std::string& name : ending.left_behind) names += "  " + name + "\n";
    cases.push_back({"nothing is left behind", Case::State::failed,
                     "processes that outlived the program and had to be killed:\n" + names});
  }
  for (Case& one : cases) {
    if (one.detail.size() <= detail_bytes_max) continue;
    one.detail = one.detail.substr(0, detail_bytes_max) + "\n... cut here\n";
  }
  return cases;
}

std::vector<ExpectedSkip> read_expected_skips(std::string_view text) {
  std::vector<ExpectedSkip> expected;
  int number = 0;
  for (const std::string& line : lines_of(text)) {
    ++number;
    const std::size_t start = line.find_first_not_of(" \t");
    if (start == std::string::npos || line[start] == '#') continue;
    const std::size_t end = line.find_first_of(" \t", start);
    const std::size_t reason = line.find_first_not_of(" \t", std::min(end, line.size()));
    expected.push_back({line.substr(start, end - start),
                        reason == std::string::npos ? "" : line.substr(reason), number});
  }
  return expected;
}

bool matches(std::string_view pattern, std::string_view name) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == name;
  if (!name.starts_with(pattern.substr(0, star))) return false;
  const std::string_view rest = pattern.substr(star + 1);
  for (std::size_t from = star; from <= name.size(); ++from) {
    if (matches(rest, name.substr(from))) return true;
  }
  return false;
}

void judge_skips(std::vector<Case>& cases, const std::vector<ExpectedSkip>& expected,
                 bool is_root) {
  for (Case& one : cases) {
    if (one.state != Case::State::skipped) continue;
    if (!is_root && speaks_of_root(one.detail)) continue;
    const bool is_expected =
        std::any_of(expected.begin(), expected.end(),
                    [&](const ExpectedSkip& skip) { return matches(skip.pattern, one.name); });
    if (is_expected) continue;
    one.state = Case::State::failed;
    one.detail = "skipped, which tests/expected_skips.txt does not expect:\n" + one.detail;
  }
}

std::vector<Case> stale_skips(const std::vector<ExpectedSkip>& expected,
                              const std::vector<Case>& all) {
  std::vector<Case> stale;
  for (const ExpectedSkip& skip : expected) {
    const bool means_something = std::any_of(
        all.begin(), all.end(), [&](const Case& one) { return matches(skip.pattern, one.name); });
    if (means_something && !skip.reason.empty()) continue;
    stale.push_back({fmt::format("tests/expected_skips.txt:{}", skip.line), Case::State::failed,
                     means_something
                         ? "the line gives no reason"
                         : "no test is called " + skip.pattern + "; take the line out"});
  }
  return stale;
}

}  // namespace squall::runner
