// squall-torture: kills squall's processes at random instants while changes are made and taken
// back, and checks after each trial that the host is as it was.
//
//   squall-torture [--trials N] [--seed N] [--only TRIAL]
//
// Each trial makes a real target, starts a runner which changes it through the guardian, kills one
// or all of runner, guardian, twin and holder at a seeded instant (or at a chosen step between the
// journal and the touch), and then watches the target. It must look as before within lease + 1 s;
// where everything was killed, counted from the next start. In some trials one copy of the journal
// is cut at a random byte before that start; in others a third party edits the target meanwhile,
// which must never be overwritten.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <fmt/core.h>
#include <unistd.h>

#include "trial.h"

namespace {

using squall::torture::Outcome;
using squall::torture::Setting;

struct Tally {
  int trials = 0;
  int restored = 0;
  std::vector<double> milliseconds;
};

double quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto rank = static_cast<std::size_t>(share * static_cast<double>(values.size() - 1) + 0.5);
  return values[rank];
}

void print_table(const std::string& title, const std::map<std::string, Tally>& rows) {
  std::printf("\n| %-34s | trials | as before | median ms | max ms |\n", title.c_str());
  std::printf("|:-----------------------------------|-------:|----------:|----------:|-------:|\n");
  for (const auto& [name, tally] : rows) {
    std::printf("| %-34s | %6d | %9d | %9.1f | %6.1f |\n", name.c_str(), tally.trials,
                tally.restored, quantile(tally.milliseconds, 0.5),
                quantile(tally.milliseconds, 1.0));
  }
}

void add(Tally& tally, const Outcome& outcome) {
  ++tally.trials;
  if (outcome.problem.empty()) ++tally.restored;
  tally.milliseconds.push_back(outcome.took.milliseconds());
}

struct Asked {
  int trials = 400;
  std::uint64_t seed = 1;
  int only = -1;
};

template <class Number>
bool read_number(const std::string& text, Number& number) {
  const char* end = text.data() + text.size();
  const auto [rest, problem] = std::from_chars(text.data(), end, number);
  return problem == std::errc() && rest == end;
}

// nullopt: there is something else among the words.
std::optional<Asked> read_words(int count, char** words) {
  Asked asked;
  for (int i = 1; i < count; i += 2) {
    const std::string name = words[i];
    const std::string value = i + 1 < count ? words[i + 1] : "";
    const bool is_read = name == "--trials" ? read_number(value, asked.trials)
                         : name == "--seed" ? read_number(value, asked.seed)
                         : name == "--only" ? read_number(value, asked.only)
                                            : false;
    if (!is_read) return std::nullopt;
  }
  return asked;
}

}  // namespace

int main(int count, char** words) {
  const std::optional<Asked> asked = read_words(count, words);
  if (!asked) {
    std::fprintf(stderr, "usage: squall-torture [--trials N] [--seed N] [--only TRIAL]\n");
    return 2;
  }
  if (::geteuid() != 0) {
    std::fprintf(stderr,
                 "squall-torture needs root: it changes cgroups, limits and packet filters\n");
    return 2;
  }
  Setting setting;
  setting.seed = asked->seed;
  std::string pattern = std::filesystem::temp_directory_path() / "squall-torture-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) return 2;
  setting.state_folder = pattern;
  setting.guardian = squall::torture::program_beside("squall-guardian-dying");

  std::map<std::string, Tally> by_blow;
  std::map<std::string, Tally> by_kind;
  std::map<std::string, Tally> total;
  int failures = 0;
  for (int number = 0; number < asked->trials; ++number) {
    if (asked->only >= 0 && number != asked->only) continue;
    const Outcome outcome = squall::torture::run_trial(setting, number);
    add(by_blow[outcome.blow], outcome);
    add(by_kind[outcome.kind], outcome);
    add(total["all"], outcome);
    if (outcome.problem.empty()) continue;
    ++failures;
    std::printf("trial %d (%s, %s): %s\n", number, outcome.kind.c_str(), outcome.blow.c_str(),
                outcome.problem.c_str());
  }
  print_table("what happened", by_blow);
  print_table("change kind", by_kind);
  print_table("together", total);
  std::printf("\nseed %llu, lease %s\n%d passed, %d failed\n",
              static_cast<unsigned long long>(setting.seed),
              squall::render(squall::torture::lease).c_str(), total["all"].trials - failures,
              failures);
  if (failures == 0) std::filesystem::remove_all(setting.state_folder);
  return failures == 0 ? 0 : 1;
}
