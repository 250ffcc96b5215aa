#include "trial.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <vector>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/wait.h>
#include <unistd.h>

#include "change/executor.h"
#include "change/scenes_test.h"
#include "core/choices.h"
#include "core/text.h"
#include "guardian/client.h"
#include "guardian/state.h"
#include "guardian/twin.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/fingerprint.h"

namespace squall::torture {
namespace {

constexpr Duration grace = seconds(1);
constexpr int steps = 7;

enum class Victim {
  runner,
  runner_hangs,
  guardian,
  guardian_hangs,
  guardian_at_step,
  twin,
  holder,
  holder_hangs,
  all,
  all_with_cut,
  third_party
};
// The order of the blows, repeated; each scene meets each of them in turn.
constexpr std::array<Victim, 19> round = {
    Victim::runner,       Victim::guardian_at_step, Victim::all,           Victim::third_party,
    Victim::twin,         Victim::guardian,         Victim::all_with_cut,  Victim::guardian_at_step,
    Victim::runner_hangs, Victim::holder,           Victim::third_party,   Victim::all,
    Victim::holder_hangs, Victim::all_with_cut,     Victim::guardian,      Victim::guardian_at_step,
    Victim::third_party,  Victim::all_with_cut,     Victim::guardian_hangs};

std::string name_of(Victim victim) {
  switch (victim) {
    case Victim::runner:
      return "runner killed";
    case Victim::runner_hangs:
      return "runner hangs (SIGSTOP)";
    case Victim::guardian:
      return "guardian killed";
    case Victim::guardian_hangs:
      return "guardian hangs (SIGSTOP)";
    case Victim::guardian_at_step:
      return "guardian killed between two steps";
    case Victim::twin:
      return "twin killed, then runner";
    case Victim::holder:
      return "holder killed";
    case Victim::holder_hangs:
      return "holder hangs (SIGSTOP)";
    case Victim::all:
      return "all killed at once";
    case Victim::all_with_cut:
      return "all killed, journal cut";
    case Victim::third_party:
      return "third party edits meanwhile";
  }
  return "?";
}

std::int64_t parse_pid(const std::string& text) {
  std::int64_t pid = 0;
  std::from_chars(text.data(), text.data() + text.size(), pid);
  return pid;
}

void signal_process(std::int64_t pid, int signal) {
  if (pid > 1) ::kill(static_cast<pid_t>(pid), signal);
}

// The runner: applies, holds for a moment, takes back. Ends by itself when nobody kills it.
[[noreturn]] void be_runner(const Setting& setting, const change::Request& request, int number,
                            Duration hold, const sys::Fd& applied) {
  Result<guardian::Client> client = guardian::Client::connect(setting.state_folder);
  if (!client.ok()) ::_exit(3);
  auto session = guardian::Session::open(std::move(*client),
                                         {.run = fmt::format("trial-{}", number), .lease = lease});
  if (!session.ok()) ::_exit(4);
  if (!(*session)->apply("0", request).ok()) ::_exit(5);
  static_cast<void>(sys::write_all(applied, "!").ok());
  sys::sleep_until(sys::monotonic_now() + hold);
  static_cast<void>((*session)->finish().ok());
  ::_exit(0);
}

class Trial {
 public:
  Trial(const Setting& setting, int number)
      : setting_(setting),
        number_(number),
        choices_(setting.seed, fmt::format("trial {}", number)),
        victim_(round[static_cast<std::size_t>(number) % round.size()]) {
    launch_ = {.state_folder = setting.state_folder,
               .program = setting.guardian,
               .policy_file = setting.state_folder + "/policy",
               .idle_limit = milliseconds(150)};
  }

  Outcome run() {
    const change::SceneMaker& maker = pick_scene();
    outcome_ = {.kind = maker.name, .blow = name_of(victim_)};
    scene_ = maker.make();
    if (!scene_) {
      outcome_.problem = "this host has no such target";
      return outcome_;
    }
    const change::Request request = scene_->request();
    before_ = scene_->observe();
    const Result<sys::Fingerprint> print =
        sys::take_fingerprint({.files = {}, .network_namespaces = {}});
    start_guardian();
    const bool holds_long = victim_ == Victim::third_party || victim_ == Victim::holder ||
                            victim_ == Victim::holder_hangs;
    const Duration hold = holds_long ? seconds(20) : microseconds(draw("hold", 20'000));
    std::array<int, 2> pipe{};
    CHECK(::pipe2(pipe.data(), O_CLOEXEC) == 0, "a pipe can be made");
    applied_ = sys::Fd(pipe[0]);
    sys::Fd writing(pipe[1]);
    runner_ = ::fork();
    if (runner_ == 0) be_runner(setting_, request, number_, hold, writing);
    writing.reset();
    strike(holds_long);
    watch();
    signal_process(runner_, SIGKILL);
    ::waitpid(runner_, nullptr, 0);
    if (outcome_.problem.empty() && print.ok()) compare(*print);
    scene_.reset();
    wait_for_the_guardian_to_leave();
    return outcome_;
  }

 private:
  std::int64_t draw(std::string_view what, std::uint64_t bound) const {
    return static_cast<std::int64_t>(choices_.below(bound, "", what, 0));
  }

  const change::SceneMaker& pick_scene() const {
    std::vector<const change::SceneMaker*> fitting;
    for (const change::SceneMaker& maker : change::scenes()) {
      const change::Kind* kind = change::find(change::catalogue(), maker.kind);
      const bool needs_holder = victim_ == Victim::holder || victim_ == Victim::holder_hangs;
      if (needs_holder && kind->keeping != change::Keeping::held) continue;
      if (victim_ == Victim::third_party && !maker.traits.is_editable) continue;
      fitting.push_back(&maker);
    }
    // Each place of the round begins at another scene, so that few rounds reach all of them.
    const auto number = static_cast<std::size_t>(number_);
    const std::size_t first = number % round.size() * fitting.size() / round.size();
    return *fitting[(first + number / round.size()) % fitting.size()];
  }

  void start_guardian() {
    const std::string step = fmt::format("{} 1", draw("step", steps));
    if (victim_ == Victim::guardian_at_step) {
      ::setenv("SQUALL_DIE_AT", step.c_str(), 1);
    }
    Result<guardian::Client> client = guardian::Client::connect_or_start(launch_);
    ::unsetenv("SQUALL_DIE_AT");
    if (!client.ok()) {
      outcome_.problem = "the guardian did not start: " + client.error().render();
      return;
    }
    const Result<json::object> status = client->call({{"request", "status"}});
    if (!status.ok()) return;
    guardian_ = integer_at(*status, "guardian_pid");
    twin_ = integer_at(*status, "twin_pid");
  }

  // The runner says when its change is in force; a pipe that closes says that it never was.
  bool wait_until_applied() {
    char word = 0;
    return ::read(applied_.get(), &word, 1) == 1;
  }

  void strike(bool waits_for_change) {
    if (waits_for_change && !wait_until_applied()) {
      outcome_.problem = "the change was not applied";
      return;
    }
    if (!waits_for_change) {
      // The life of a trial is some milliseconds of hello and apply, the hold, and the undo.
      sys::sleep_until(sys::monotonic_now() + microseconds(draw("instant", 30'000)));
    }
    blow_ = sys::monotonic_now();
    switch (victim_) {
      case Victim::runner:
        return signal_process(runner_, SIGKILL);
      case Victim::runner_hangs:
        return signal_process(runner_, SIGSTOP);
      case Victim::guardian:
        return signal_process(guardian_, SIGKILL);
      case Victim::guardian_hangs:
        return signal_process(guardian_, SIGSTOP);
      case Victim::guardian_at_step:
        return;  // it kills itself
      case Victim::twin:
        signal_process(twin_, SIGKILL);
        return signal_process(runner_, SIGKILL);
      case Victim::holder:
        return signal_holders(SIGKILL);
      case Victim::holder_hangs:
        return signal_holders(SIGSTOP);
      case Victim::third_party:
        return edit_and_kill();
      case Victim::all:
      case Victim::all_with_cut:
        return kill_all();
    }
  }

  bool is_holder(const sys::Process& process) const {
    return process.parent == guardian_ && process.id.pid != twin_;
  }

  void signal_holders(int signal) {
    for (const sys::Process& process : sys::list_processes()) {
      if (is_holder(process)) signal_process(process.id.pid, signal);
    }
  }

  void edit_and_kill() {
    scene_->edit_as_third_party();
    before_ = scene_->observe_edit();  // what the third party left is what must stay
    settle_for_third_party_ = true;
    blow_ = sys::monotonic_now();
    signal_process(draw("who", 2) == 0 ? runner_ : guardian_, SIGKILL);
  }

  void kill_all() {
    std::vector<std::int64_t> all = {runner_, guardian_, twin_};
    for (const sys::Process& process : sys::list_processes()) {
      if (process.parent == guardian_ && process.name == "squall-holder")
        all.push_back(process.id.pid);
    }
    // Stopped first, so that none can act between the kills.
    for (const std::int64_t pid : all) signal_process(pid, SIGSTOP);
    for (const std::int64_t pid : all) signal_process(pid, SIGKILL);
    wait_for_lock();
    if (victim_ == Victim::all_with_cut) cut_journal();
    blow_ = sys::monotonic_now();
    const Result<guardian::Client> next = guardian::Client::connect_or_start(launch_);
    if (!next.ok()) outcome_.problem = "the next start failed: " + next.error().render();
  }

  void cut_journal() {
    const std::string path =
        setting_.state_folder + (draw("copy", 2) == 0 ? "/journal" : "/journal.copy");
    const Result<std::string> text = sys::read_file(path);
    if (!text.ok() || text->empty()) return;
    // Somewhere in the records: behind them there is only padding.
    const auto size = draw("cut", text->find_last_not_of('\n') + 1);
    if (::truncate(path.c_str(), size) != 0) outcome_.problem = "the journal could not be cut";
  }

  // The host must look as before in time, and stay so.
  void watch() {
    if (!outcome_.problem.empty()) return;
    // A guardian that was stopped in the midst of a step is given the time of that step.
    const bool hangs = victim_ == Victim::guardian_hangs;
    const Duration deadline = blow_ + (hangs ? guardian::longest_work : lease) + grace;
    while (true) {
      const bool is_as_before = look() == before_ && nothing_is_live();
      const Duration now = sys::monotonic_now();
      if (is_as_before) {
        outcome_.took = now - blow_;
        return;
      }
      if (now > deadline) {
        outcome_.took = now - blow_;
        outcome_.problem = fmt::format("not as before after {}: {} instead of {}",
                                       render_rounded(outcome_.took), look(), before_);
        return;
      }
      sys::sleep_until(now + milliseconds(1));
    }
  }

  std::string look() {
    return settle_for_third_party_ ? scene_->observe_edit() : scene_->observe();
  }

  bool nothing_is_live() {
    Result<guardian::Client> client = guardian::Client::connect(setting_.state_folder);
    if (!client.ok())
      return !guardian::is_state_locked(setting_.state_folder) && is_journal_clean();
    const Result<json::object> status = client->call({{"request", "status"}}, seconds(2));
    if (!status.ok()) return false;
    const json::array* changes = array_at(*status, "changes");
    return changes != nullptr && changes->empty();
  }

  // With no guardian left to ask: the journal has no change that was begun and not undone.
  bool is_journal_clean() const {
    const Result<change::JournalContent> content = change::read_journal(setting_.state_folder);
    if (!content.ok()) return false;
    std::vector<std::string> live;
    for (const change::Record& record : content->records) {
      const std::string id = text_at(record.body, "change");
      if (record.type == "begin") live.push_back(id);
      if (record.type == "undone" || record.type == "dropped") std::erase(live, id);
    }
    return live.empty();
  }

  // Others live on this host too. Of processes only our descendants count, of cgroups only those
  // that squall or a scene made; everything else counts whoever did it.
  static bool concerns_us(const std::string& difference) {
    const std::vector<std::string> words = split(difference, ' ');
    if (words.size() < 2 || words[0] != "process") {
      return words.empty() || words[0] != "cgroup" ||
             difference.find(fmt::format("squall-{}", ::getpid())) != std::string::npos ||
             difference.find("/test-of-squall-") == std::string::npos;
    }
    const std::vector<std::int64_t> line = sys::ancestors(parse_pid(words[1]));
    return std::find(line.begin(), line.end(), ::getpid()) != line.end();
  }

  void compare(const sys::Fingerprint& print) {
    if (settle_for_third_party_) return;  // the third party's edit is a difference, and must be
    const Result<sys::Fingerprint> after =
        sys::take_fingerprint({.files = {}, .network_namespaces = {}});
    if (!after.ok()) return;
    for (const std::string& difference : sys::differences(print, *after)) {
      if (concerns_us(difference)) outcome_.problem += difference + "; ";
    }
  }

  void wait_for_lock() {
    const Duration deadline = sys::monotonic_now() + seconds(5);
    while (guardian::is_state_locked(setting_.state_folder) && sys::monotonic_now() < deadline) {
      sys::sleep_until(sys::monotonic_now() + milliseconds(1));
    }
  }

  void wait_for_the_guardian_to_leave() {
    wait_for_lock();
    if (guardian::is_state_locked(setting_.state_folder) && outcome_.problem.empty()) {
      outcome_.problem = "a guardian stays although nothing is in force";
    }
  }

  const Setting& setting_;
  int number_;
  Choices choices_;
  Victim victim_;
  guardian::Launch launch_;
  Outcome outcome_;
  std::unique_ptr<change::Scene> scene_;
  std::string before_;
  pid_t runner_ = 0;
  sys::Fd applied_;
  std::int64_t guardian_ = 0;
  std::int64_t twin_ = 0;
  Duration blow_;
  bool settle_for_third_party_ = false;
};

}  // namespace

Outcome run_trial(const Setting& setting, int number) {
  return Trial(setting, number).run();
}

std::string program_beside(const std::string& name) {
  std::array<char, PATH_MAX> buffer;
  const ssize_t size = ::readlink("/proc/self/exe", buffer.data(), buffer.size());
  const std::string own =
      size <= 0 ? "" : std::string(buffer.data(), static_cast<std::size_t>(size));
  return sys::folder_of(own) + "/" + name;
}

}  // namespace squall::torture
