// test-runner: runs every test program one after the other and adds up what they said.
//
//   test-runner --build DIR --source DIR [--limit SECONDS] [WORD...]
//
// The programs are DIR/test_* (GoogleTest), DIR/replay_* (a fuzz target with the files of
// tests/fuzz/NAME) and tests/e2e/*.sh (lines "ok - ...", "not ok - ..."; exit 77 = skipped). With
// words, only those whose name holds one of them. The last line is the sum; exit 1 on a failure. It
// shares no code with what it tests.
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <unistd.h>

#include "runner/outcome.h"

namespace squall::runner {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t slowest_shown = 5;
constexpr double slow_seconds = 1;

struct Options {
  fs::path build;
  fs::path source;
  double limit_seconds = 600;
  std::vector<std::string> words;
};

struct TestProgram {
  std::string name;
  Format format = Format::googletest;
  std::vector<std::string> argv;
};

struct Sum {
  std::size_t passed = 0;
  std::size_t failed = 0;
  std::size_t skipped = 0;

  void add(const Case& one) {
    if (one.state == Case::State::passed) ++passed;
    if (one.state == Case::State::failed) ++failed;
    if (one.state == Case::State::skipped) ++skipped;
  }
};

std::string read_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

bool is_wanted(const std::string& name, const Options& options) {
  if (options.words.empty()) return true;
  return std::any_of(options.words.begin(), options.words.end(),
                     [&](const std::string& word) { return name.find(word) != std::string::npos; });
}

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.is_regular_file() && ::access(entry.path().c_str(), X_OK) == 0) {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<TestProgram> find_programs(const Options& options) {
  std::vector<TestProgram> programs;
  std::vector<TestProgram> replays;
  for (const fs::path& path : files_in(options.build)) {
    const std::string name = path.filename();
    if (name.starts_with("test_")) {
      programs.push_back({name, Format::googletest, {path}});
    } else if (name.starts_with("replay_")) {
      replays.push_back(
          {name, Format::sentences, {path, options.source / "tests/fuzz" / name.substr(7)}});
    }
  }
  programs.insert(programs.end(), replays.begin(), replays.end());
  for (const fs::path& path : files_in(options.source / "tests/e2e")) {
    if (path.extension() == ".sh") programs.push_back({path.stem(), Format::sentences, {path}});
  }
  std::erase_if(programs,
                [&](const TestProgram& program) { return !is_wanted(program.name, options); });
  return programs;
}

std::vector<Case> run_program(const TestProgram& program, const Options& options,
                              const fs::path& scratch, Ending& ending) {
  const fs::path report = scratch / "report.json";
  const fs::path folder = scratch / "tmp";
  fs::create_directories(folder);
  fs::permissions(folder, fs::perms::all | fs::perms::sticky_bit);
  Program child{program.argv,
                {{"SQUALL_BUILD", options.build}, {"TMPDIR", folder}},
                scratch / "log",
                options.limit_seconds};
  if (program.format == Format::googletest) {
    child.argv.push_back("--gtest_output=json:" + report.string());
  }
  ending = run(child);
  std::vector<Case> cases =
      read_cases({program.format, read_text(report), read_text(child.log)}, ending);
  for (Case& one : cases) {
    if (program.format == Format::sentences || one.name.find(' ') != std::string::npos) {
      one.name = program.name + ": " + one.name;
    }
  }
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  fs::remove(report, ignored);
  return cases;
}

void show_program(const std::string& name, const std::vector<Case>& cases, double seconds) {
  Sum sum;
  for (const Case& one : cases) sum.add(one);
  std::string counts = fmt::format("{} passed", sum.passed);
  if (sum.failed > 0) counts += fmt::format(", {} failed", sum.failed);
  if (sum.skipped > 0) counts += fmt::format(", {} skipped", sum.skipped);
  fmt::print("{:4} {:24} {:36} {:7.1f} s\n", sum.failed > 0 ? "FAIL" : "ok", name, counts, seconds);
  for (const Case& one : cases) {
    if (one.state == Case::State::passed) continue;
    const bool failed = one.state == Case::State::failed;
    fmt::print("     {} {}\n", failed ? "failed:" : "skipped:", one.name);
    std::istringstream detail(one.detail);
    for (std::string line; std::getline(detail, line);) {
      if (failed || !line.empty()) fmt::print("       | {}\n", line);
    }
  }
  std::fflush(stdout);
}

void show_slowest(std::vector<Case> cases) {
  std::sort(cases.begin(), cases.end(),
            [](const Case& a, const Case& b) { return a.seconds > b.seconds; });
  std::erase_if(cases, [](const Case& one) { return one.seconds < slow_seconds; });
  if (cases.size() > slowest_shown) cases.resize(slowest_shown);
  if (!cases.empty()) fmt::print("\nslowest tests:\n");
  for (const Case& one : cases) fmt::print("{:7.1f} s  {}\n", one.seconds, one.name);
}

int finish(const std::vector<Case>& all) {
  Sum sum;
  for (const Case& one : all) sum.add(one);
  show_slowest(all);
  if (sum.failed > 0) fmt::print("\nfailed:\n");
  for (const Case& one : all) {
    if (one.state == Case::State::failed) fmt::print("  {}\n", one.name);
  }
  fmt::print("\n{} passed, {} failed, {} skipped\n", sum.passed, sum.failed, sum.skipped);
  return sum.failed == 0 ? 0 : 1;
}

bool read_options(int count, char** words, Options& options) {
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    if (!word.starts_with("--")) {
      options.words.push_back(word);
      continue;
    }
    if (i + 1 == count) return false;
    const std::string value = words[++i];
    if (word == "--build") {
      options.build = fs::absolute(value);
    } else if (word == "--source") {
      options.source = fs::absolute(value);
    } else if (word == "--limit") {
      options.limit_seconds = std::strtod(value.c_str(), nullptr);
    } else {
      return false;
    }
  }
  return !options.build.empty() && !options.source.empty() && options.limit_seconds > 0;
}

// As root, tests make namespaces, control groups and mounts, and compare the host before and after:
// two runs on one host would find each other's. The lock ends with this process.
void wait_for_turn() {
  if (::geteuid() != 0) return;
  const int lock = ::open("/run/lock/squall-tests.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0 || ::flock(lock, LOCK_EX | LOCK_NB) == 0) return;
  fmt::print("another run of the tests is under way on this host; waiting for its end\n");
  std::fflush(stdout);
  while (::flock(lock, LOCK_EX) != 0 && errno == EINTR) {
  }
}

int run_all(const Options& options) {
  const std::vector<TestProgram> programs = find_programs(options);
  const std::vector<ExpectedSkip> expected =
      read_expected_skips(read_text(options.source / "tests/expected_skips.txt"));
  std::string scratch = (fs::temp_directory_path() / "squall-tests-XXXXXX").string();
  if (::mkdtemp(scratch.data()) == nullptr) {
    fmt::print(stderr, "cannot make a folder in {}\n", fs::temp_directory_path().string());
    return 2;
  }
  fs::permissions(scratch, fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec);
  std::vector<Case> all;
  bool is_interrupted = false;
  for (const TestProgram& program : programs) {
    if (::isatty(1)) {
      fmt::print("...  {}\r", program.name);
      std::fflush(stdout);
    }
    Ending ending;
    std::vector<Case> cases = run_program(program, options, scratch, ending);
    judge_skips(cases, expected, ::geteuid() == 0);
    show_program(program.name, cases, ending.seconds);
    all.insert(all.end(), cases.begin(), cases.end());
    is_interrupted = ending.kind == Ending::Kind::interrupted;
    if (is_interrupted) break;
  }
  if (options.words.empty() && !is_interrupted) {
    const std::vector<Case> stale = stale_skips(expected, all);
    if (!stale.empty()) show_program("expected_skips.txt", stale, 0);
    all.insert(all.end(), stale.begin(), stale.end());
  }
  std::error_code ignored;
  fs::remove_all(scratch, ignored);
  if (all.empty()) {
    fmt::print(stderr, "there is no such test program in {}\n", options.build.string());
    return 2;
  }
  return finish(all);
}

}  // namespace
}  // namespace squall::runner

int main(int count, char** words) {
  squall::runner::Options options;
  if (!squall::runner::read_options(count, words, options)) {
    fmt::print(stderr, "usage: test-runner --build DIR --source DIR [--limit SECONDS] [WORD...]\n");
    return 2;
  }
  squall::runner::wait_for_turn();
  squall::runner::adopt_orphans();
  return squall::runner::run_all(options);
}
