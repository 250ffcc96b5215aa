#include "measure.h"

#include <algorithm>
#include <array>
#include <climits>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <filesystem>

#include <fcntl.h>
#include <fmt/core.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/facts.h"
#include "guardian/state.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/process.h"

extern char** environ;

namespace squall::bench {

double quantile(Samples samples, double share) {
  if (samples.empty()) return 0;
  std::sort(samples.begin(), samples.end());
  const auto rank =
      static_cast<std::size_t>(std::ceil(share * static_cast<double>(samples.size())));
  return samples[std::clamp<std::size_t>(rank, 1, samples.size()) - 1];
}

double share_within(const Samples& samples, double limit_ms) {
  const auto within = std::count_if(samples.begin(), samples.end(),
                                    [limit_ms](double one) { return one <= limit_ms; });
  return samples.empty() ? 0 : static_cast<double>(within) / static_cast<double>(samples.size());
}

void print_rows(const std::string& title, const std::vector<Row>& rows) {
  std::printf("\n### %s\n\n", title.c_str());
  std::printf("| what | n | median ms | p95 ms | p99 ms | max ms | goal | reached | beside |\n");
  std::printf("|:--|--:|--:|--:|--:|--:|:--|:--|:--|\n");
  for (const Row& row : rows) {
    std::printf("| %s | %zu | %.2f | %.2f | %.2f | %.2f | %s | %s | %s |\n", row.what.c_str(),
                row.samples.size(), quantile(row.samples, 0.5), quantile(row.samples, 0.95),
                quantile(row.samples, 0.99), quantile(row.samples, 1), row.goal.c_str(),
                row.goal.empty() ? ""
                : row.is_reached ? "yes"
                                 : "NO",
                row.note.c_str());
  }
  std::fflush(stdout);
}

void print_accuracies(const std::string& title, const std::vector<Accuracy>& rows) {
  std::printf("\n### %s\n\n", title.c_str());
  std::printf("| what | asked | delivered | deviation | goal | reached | beside |\n");
  std::printf("|:--|--:|--:|--:|:--|:--|:--|\n");
  for (const Accuracy& row : rows) {
    std::printf("| %s | %s | %s | %s | %s | %s | %s |\n", row.what.c_str(), row.asked.c_str(),
                row.delivered.c_str(), row.deviation.c_str(), row.goal.c_str(),
                row.is_reached ? "yes" : "NO", row.note.c_str());
  }
  std::fflush(stdout);
}

Workplace::Workplace() {
  std::string pattern = std::filesystem::temp_directory_path() / "squall-bench-XXXXXX";
  CHECK(::mkdtemp(pattern.data()) != nullptr, "a temporary folder can be made");
  launch_ = {.state_folder = pattern,
             .program = program_beside("squall-guardian"),
             .policy_file = pattern + "/policy",
             .idle_limit = seconds(1)};
}

Workplace::~Workplace() {
  const Duration deadline = sys::monotonic_now() + seconds(5);
  while (guardian::is_state_locked(launch_.state_folder) && sys::monotonic_now() < deadline) {
    sys::sleep_until(sys::monotonic_now() + milliseconds(10));
  }
  std::filesystem::remove_all(launch_.state_folder);
}

std::unique_ptr<guardian::Session> Workplace::open(const std::string& run) const {
  Result<guardian::Client> client = guardian::Client::connect_or_start(launch_);
  CHECK(client.ok(), "a guardian can be started");
  auto session = guardian::Session::open(std::move(*client), {.run = run});
  CHECK(session.ok(), "a session can be opened");
  return std::move(*session);
}

Accuracy problem_row(const std::string& what, const std::string& asked, const std::string& why) {
  return {what, asked, "", "", "", false, why};
}

Accuracy share_row(const std::string& what, const std::string& asked, double wanted,
                   const std::string& delivered, double got, double limit) {
  const double off = (got - wanted) / wanted;
  return {what,
          asked,
          delivered,
          fmt::format("{:+.2f} %", off * 100),
          limit == 0 ? "exact" : fmt::format("within {:g} %", limit * 100),
          std::abs(off) <= limit,
          ""};
}

DoseFault::DoseFault(guardian::Session& session, const std::string& kind, json::object params)
    : session_(session) {
  static int number = 0;
  const scenario::PlannedFault fault{
      .id = kind, .kind = kind, .params = std::move(params), .at = {}, .lasts = seconds(30)};
  const auto strike =
      engine::plan_strike(*fault::find(fault::catalogue(), kind), fault, sys::look_at_host(), 7, 0);
  if (!strike.ok()) {
    problem_ = strike.error().render();
    return;
  }
  for (const change::Request& request : strike->changes) {
    const std::string id = fmt::format("dose-{}", ++number);
    const auto applied = session_.apply(id, request);
    if (!applied.ok()) {
      problem_ = applied.error().render();
      return;
    }
    made_.push_back(id);
  }
}

DoseFault::~DoseFault() {
  while (!made_.empty()) {
    static_cast<void>(session_.revert(made_.back()).ok());
    made_.pop_back();
  }
}

Sleeper::Sleeper() {
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(0);
    while (true) ::pause();
  }
}

Sleeper::~Sleeper() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

change::Request Sleeper::stop_request() const {
  const sys::ProcessId id = sys::read_process(pid_).value().id;
  return {"process.stop",
          {{"pid", id.pid}, {"start_ticks", static_cast<std::int64_t>(id.start_ticks)}}};
}

bool Sleeper::is_stopped() const {
  return sys::read_process(pid_).value().state == 'T';
}

std::string program_beside(const std::string& name) {
  std::array<char, PATH_MAX> buffer;
  const ssize_t size = ::readlink("/proc/self/exe", buffer.data(), buffer.size());
  const std::string own =
      size <= 0 ? "" : std::string(buffer.data(), static_cast<std::size_t>(size));
  return sys::folder_of(own) + "/" + name;
}

int run_program(const std::vector<std::string>& words) {
  std::vector<std::string> copy = words;
  std::vector<char*> arguments;
  arguments.reserve(copy.size() + 1);
  for (std::string& word : copy) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const int spawned =
      ::posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  if (spawned != 0 || ::waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

}  // namespace squall::bench
