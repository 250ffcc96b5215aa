#include "guardian/command_line.h"

#include <array>
#include <charconv>
#include <climits>
#include <cstdio>
#include <map>
#include <string>

#include <sys/prctl.h>
#include <unistd.h>

#include "change/reach.h"
#include "guardian/guardian.h"
#include "guardian/policy.h"
#include "guardian/state.h"

namespace squall::guardian {
namespace {

std::string own_program() {
  std::array<char, PATH_MAX> buffer;
  const ssize_t size = ::readlink("/proc/self/exe", buffer.data(), buffer.size());
  return size <= 0 ? "" : std::string(buffer.data(), static_cast<std::size_t>(size));
}

std::int64_t as_number(const std::string& text, std::int64_t fallback) {
  std::int64_t number = fallback;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// "--name value" pairs; a name without a value reads as "".
std::map<std::string, std::string> read_options(int count, char** words) {
  std::map<std::string, std::string> options;
  for (int i = 2; i < count; ++i) {
    const std::string word = words[i];
    if (!word.starts_with("--")) continue;
    const bool has_value = i + 1 < count && std::string(words[i + 1]).substr(0, 2) != "--";
    options[word.substr(2)] = has_value ? words[i + 1] : "";
  }
  return options;
}

int usage() {
  std::fprintf(stderr,
               "squall-guardian is started by squall and not by hand.\n"
               "To see what is in force: squall status. To undo everything: squall halt.\n");
  return 2;
}

int run_recover(const Options& options) {
  const Result<std::vector<std::string>> lines = recover(options);
  if (!lines.ok()) {
    std::fprintf(stderr, "%s\n%s\n", lines.error().render().c_str(), lines.error().next.c_str());
    return 1;
  }
  for (const std::string& line : *lines) std::printf("%s\n", line.c_str());
  return 0;
}

}  // namespace

int guardian_main(int count, char** words, const change::Catalogue& kinds,
                  std::function<void(change::Step)> observer) {
  if (count < 2) return usage();
  const std::string verb = words[1];
  std::map<std::string, std::string> given = read_options(count, words);
  Options options;
  options.state_folder = given.contains("state") ? given["state"] : default_state_folder();
  options.policy_file = given.contains("policy") ? given["policy"] : usual_policy_file;
  options.idle_limit = milliseconds(as_number(given["idle-ms"], 3000));
  options.kinds = &kinds;
  options.observer = std::move(observer);
  options.ready_fd = static_cast<int>(as_number(given["ready-fd"], -1));
  std::vector<std::string> common = {
      "--state",           options.state_folder, "--policy",
      options.policy_file, "--idle-ms",          std::to_string(as_number(given["idle-ms"], 3000))};
  const auto command = [&](const std::string& name) {
    std::vector<std::string> words_of = {own_program(), name};
    words_of.insert(words_of.end(), common.begin(), common.end());
    return words_of;
  };
  if (verb == "serve") {
    ::prctl(PR_SET_NAME, "squall-guardian");
    if (!given.contains("no-twin")) options.twin_command = command("twin");
    change::keep_reach_ready();
    return serve(options);
  }
  if (verb == "twin") {
    ::prctl(PR_SET_NAME, "squall-twin");
    return watch_guardian(as_number(given["guardian"], 0), as_number(given["start"], 0),
                          static_cast<int>(as_number(given["pulse-fd"], -1)), command("serve"));
  }
  if (verb == "recover") return run_recover(options);
  return usage();
}

}  // namespace squall::guardian
