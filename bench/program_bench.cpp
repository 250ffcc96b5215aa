// The programs themselves: how fast they start, and how much memory a run needs.
#include <cstdlib>
#include <optional>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/text.h"
#include "engine/engine.h"
#include "measure.h"
#include "sys/clock.h"
#include "sys/file.h"

namespace squall::bench {
namespace {

Samples start_times(const std::vector<std::string>& words, int repetitions) {
  Samples samples;
  for (int i = 0; i < repetitions; ++i) {
    const Duration start = sys::monotonic_now();
    run_program(words);
    samples.push_back((sys::monotonic_now() - start).milliseconds());
  }
  return samples;
}

double resident_mib(std::int64_t pid) {
  const Result<std::string> status = sys::read_file(fmt::format("/proc/{}/status", pid), 65536);
  if (!status.ok()) return 0;
  for (const std::string& line : split(*status, '\n')) {
    if (line.starts_with("VmRSS:")) return std::strtod(line.c_str() + 6, nullptr) / 1024;
  }
  return 0;
}

constexpr std::string_view scenario_text = R"(scenario: memory-bench
title: A run to weigh
baseline: 500 ms
steady_state:
  - name: own-file
    file: {path: /etc/hostname}
    expect: {exists: true}
    every: 20 ms
faults:
  - process.pause: {select: {pid: PID}}
    for: 3 s
)";

// What `squall explain` takes for a scenario with one fault on a process of this host.
Row time_explain(const Workplace& workplace, const Samples& version, int repetitions) {
  const Sleeper sleeper;
  const std::string file = workplace.launch().state_folder + "/explained.yaml";
  std::string text(scenario_text);
  text.replace(text.find("PID"), 3, std::to_string(sleeper.pid()));
  CHECK(sys::write_file_durably(file, text).ok(), "the folder is writable");
  Row row{"squall explain, from spawn to exit",
          start_times({program_beside("squall"), "explain", file}, repetitions), "median <= 10 ms"};
  row.is_reached = quantile(row.samples, 0.5) <= 10;
  row.note = fmt::format("squall --version: median {:.2f} ms", quantile(version, 0.5));
  return row;
}

// The resident memory of a runner and its guardian in the middle of a run, in MiB.
std::optional<std::pair<double, double>> weigh_run(const Workplace& workplace) {
  const Sleeper sleeper;
  std::string text(scenario_text);
  text.replace(text.find("PID"), 3, std::to_string(sleeper.pid()));
  const std::string file = workplace.launch().state_folder + "/scenario.yaml";
  CHECK(sys::write_file_durably(file, text).ok(), "the folder is writable");
  const std::string program = program_beside("squall");
  const pid_t runner = ::fork();
  if (runner == 0) {
    ::setenv("SQUALL_STATE", workplace.launch().state_folder.c_str(), 1);
    const int nothing = ::open("/dev/null", O_WRONLY);
    ::dup2(nothing, 1);
    ::execl(program.c_str(), "squall", "run", "--plain", file.c_str(), nullptr);
    ::_exit(127);
  }
  std::optional<std::pair<double, double>> weights;
  const Duration deadline = sys::monotonic_now() + seconds(10);
  while (!sleeper.is_stopped() && sys::monotonic_now() < deadline) {
    sys::sleep_until(sys::monotonic_now() + milliseconds(10));
  }
  sys::sleep_until(sys::monotonic_now() + seconds(1));
  if (Result<guardian::Client> client =
          guardian::Client::connect(workplace.launch().state_folder)) {
    if (const Result<json::object> status = client->call({{"request", "status"}})) {
      const double guardian = resident_mib(integer_at(*status, "guardian_pid")) +
                              resident_mib(integer_at(*status, "twin_pid"));
      weights = {resident_mib(runner), guardian};
    }
  }
  ::waitpid(runner, nullptr, 0);
  return weights;
}

}  // namespace

std::vector<Row> bench_programs(int repetitions) {
  const Samples version = start_times({program_beside("squall"), "--version"}, repetitions);
  const Samples nothing = start_times({"/bin/true"}, repetitions);
  Row start{"squall --version, from spawn to exit", version, "<= 20 ms (median)"};
  start.is_reached = quantile(version, 0.5) <= 20;
  start.note = fmt::format("/bin/true: median {:.2f} ms; ratio {:.1f}", quantile(nothing, 0.5),
                           quantile(version, 0.5) / quantile(nothing, 0.5));
  const Workplace workplace;
  Row memory{
      "resident memory of runner, guardian and twin", {}, "<= 40 MiB for runner and guardian"};
  if (const auto weights = weigh_run(workplace)) {
    memory.is_reached = weights->first + weights->second <= 40;
    memory.note = fmt::format("runner {:.1f} MiB, guardian with twin {:.1f} MiB", weights->first,
                              weights->second);
  } else {
    memory.is_reached = false;
    memory.note = "the run could not be weighed";
  }
  return {start, time_explain(workplace, version, repetitions), memory};
}

}  // namespace squall::bench
