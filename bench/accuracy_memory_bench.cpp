// Memory, descriptors and processes: what is taken against what was asked for, and how fast memory
// fills, beside stress-ng in the same run.
//
// What was taken is told by the kernel's account of the ballast's own control group, less what an
// almost empty ballast costs there, and by its counts of open files and of tasks for the whole
// host. The time is that from the command to the answer, which comes when all is filled.
#include <charconv>
#include <cmath>
#include <csignal>

#include <fmt/core.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/text.h"
#include "measure.h"
#include "sys/clock.h"
#include "sys/controllers.h"
#include "sys/file.h"
#include "sys/process.h"

namespace squall::bench {
namespace {

constexpr double megabyte = 1 << 20;

std::int64_t number_in(std::string_view text) {
  std::int64_t value = 0;
  text = trim(text);
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// Bytes or tasks that the kernel counts in the group of this name; 0 when there is none.
double counted(std::string_view controller, const std::string& name) {
  const auto hierarchy = sys::hierarchy_with(controller);
  if (!hierarchy) return 0;
  for (const std::string& found : sys::find_cgroups(name)) {
    if (!found.starts_with(hierarchy->mount)) continue;
    const auto use = sys::group_use(controller, found, *hierarchy);
    if (use) return static_cast<double>(use->used);
  }
  return 0;
}

change::Request memory_request(std::string_view size, const std::string& fence) {
  return {"memory.ballast", {{"size", size}, {"ramp", "0 s"}, {"fence", fence}}};
}

struct Fill {
  double error_percent = 0;
  double gigabytes_per_second = 0;
};

// nullopt when it was refused.
std::optional<Fill> fill(guardian::Session& session, std::int64_t size_mb, double overhead,
                         int number) {
  const std::string id = fmt::format("fill-{}-{}", size_mb, number);
  const std::string fence = "squall-bench-" + id;
  const Duration start = sys::monotonic_now();
  const auto applied = session.apply(id, memory_request(fmt::format("{} MiB", size_mb), fence));
  const double seconds = (sys::monotonic_now() - start).seconds();
  const double held = counted("memory", fence) - overhead;
  static_cast<void>(session.revert(id).ok());
  if (!applied.ok()) return std::nullopt;
  const double asked = static_cast<double>(size_mb) * megabyte;
  return Fill{std::abs(held - asked) / asked * 100, asked / 1e9 / seconds};
}

// What the account of a ballast holds beside the ballast: stacks and tables.
double overhead_of(guardian::Session& session) {
  const std::string fence = "squall-bench-empty";
  if (!session.apply("empty", memory_request("1 MiB", fence)).ok()) return 0;
  const double held = counted("memory", fence) - megabyte;
  static_cast<void>(session.revert("empty").ok());
  return std::max(0.0, held);
}

// How long stress-ng takes from its start until its worker holds the memory, in GB/s.
std::optional<double> peer_fill(std::int64_t size_mb) {
  const std::string bytes = fmt::format("{}m", size_mb);
  const Duration start = sys::monotonic_now();
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::execlp("stress-ng", "stress-ng", "--vm", "1", "--vm-bytes", bytes.c_str(), "--vm-keep",
             "--vm-populate", "--quiet", "--timeout", "20s", nullptr);
    ::_exit(127);
  }
  const double wanted = static_cast<double>(size_mb) * megabyte * 0.99;
  std::optional<double> rate;
  while (!rate && sys::monotonic_now() - start < seconds(10)) {
    if (::waitpid(child, nullptr, WNOHANG) != 0) return std::nullopt;
    double held = 0;
    for (const sys::Process& process : sys::list_processes()) {
      if (!process.name.starts_with("stress-ng")) continue;
      const auto text = sys::read_file(fmt::format("/proc/{}/statm", process.id.pid), 4096);
      if (!text.ok()) continue;
      const std::size_t blank = text->find(' ');
      held = std::max(held, static_cast<double>(number_in(text->substr(blank))) * 4096);
    }
    if (held >= wanted) {
      rate =
          static_cast<double>(size_mb) * megabyte / 1e9 / (sys::monotonic_now() - start).seconds();
    }
  }
  ::kill(child, SIGTERM);
  ::waitpid(child, nullptr, 0);
  return rate;
}

Row amounts_row(guardian::Session& session, std::int64_t size_mb, double overhead,
                int repetitions) {
  Row row{fmt::format("memory.fill, {} MiB asked: error in percent, not ms", size_mb),
          {},
          "all <= 1 %"};
  for (int i = 0; i < repetitions; ++i) {
    const auto filled = fill(session, size_mb, overhead, i);
    if (filled) row.samples.push_back(filled->error_percent);
  }
  row.is_reached =
      row.samples.size() == static_cast<std::size_t>(repetitions) && quantile(row.samples, 1) <= 1;
  return row;
}

// squall and stress-ng take turns.
Row speed_row(guardian::Session& session, std::int64_t size_mb, int repetitions) {
  Row row{fmt::format("memory.fill, {} MiB: GB/s, not ms", size_mb), {}, "median >= 2.5 GB/s"};
  Samples peers;
  for (int i = 0; i < repetitions; ++i) {
    if (const auto filled = fill(session, size_mb, 0, 100 + i)) {
      row.samples.push_back(filled->gigabytes_per_second);
    }
    if (const auto peer = peer_fill(size_mb)) peers.push_back(*peer);
  }
  row.is_reached = quantile(row.samples, 0.5) >= 2.5;
  if (!peers.empty()) {
    row.note = fmt::format("stress-ng --vm 1 --vm-populate: {:.2f} GB/s in the median, {:.1f} x",
                           quantile(peers, 0.5), quantile(row.samples, 0.5) / quantile(peers, 0.5));
  }
  return row;
}

Row descriptors_row(guardian::Session& session, std::int64_t count, int repetitions) {
  Row row{fmt::format("host.descriptors, {} asked: error in percent, not ms", count),
          {},
          "median <= 1 %"};
  const auto open_files = [] {
    return static_cast<double>(number_in(sys::read_file("/proc/sys/fs/file-nr").value()));
  };
  for (int i = 0; i < repetitions; ++i) {
    const std::string id = fmt::format("files-{}", i);
    const double before = open_files();
    const auto applied =
        session.apply(id, {"descriptors.ballast", {{"count", count}, {"ramp", "0 s"}}});
    const double more = open_files() - before;
    static_cast<void>(session.revert(id).ok());
    const auto asked = static_cast<double>(count);
    if (applied.ok()) row.samples.push_back(std::abs(more - asked) / asked * 100);
  }
  row.is_reached = !row.samples.empty() && quantile(row.samples, 0.5) <= 1;
  return row;
}

Row processes_row(guardian::Session& session, std::int64_t count, int repetitions) {
  Row row{
      fmt::format("host.processes, {} asked: error in percent, not ms", count), {}, "all <= 1 %"};
  for (int i = 0; i < repetitions; ++i) {
    const std::string id = fmt::format("tasks-{}", i);
    const std::string fence = "squall-bench-" + id;
    const auto applied = session.apply(
        id, {"processes.ballast", {{"count", count}, {"ramp", "0 s"}, {"fence", fence}}});
    const double held = counted("pids", fence);
    static_cast<void>(session.revert(id).ok());
    const auto asked = static_cast<double>(count);
    if (applied.ok()) row.samples.push_back(std::abs(held - asked) / asked * 100);
  }
  row.is_reached = !row.samples.empty() && quantile(row.samples, 1) <= 1;
  return row;
}

}  // namespace

std::vector<Row> bench_memory(int repetitions) {
  const Workplace workplace;
  const auto session = workplace.open("bench");
  const double overhead = overhead_of(*session);
  std::vector<Row> rows;
  for (const std::int64_t size_mb : {64L, 256L, 1024L}) {
    rows.push_back(amounts_row(*session, size_mb, 0, repetitions));
    rows.back().note = fmt::format("{:.2f} MiB of it the ballast's own needs", overhead / megabyte);
  }
  rows.push_back(speed_row(*session, 1024, repetitions));
  rows.push_back(descriptors_row(*session, 50'000, repetitions));
  rows.push_back(processes_row(*session, 2000, repetitions));
  return rows;
}

}  // namespace squall::bench
