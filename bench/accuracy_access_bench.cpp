// Faults of files that are opened: asked against what a program of the host feels. The program is
// perl, which Debian always has; squall's own programs are spared by these faults.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <sstream>

#include <fmt/core.h>

#include "core/text.h"
#include "measure.h"
#include "sys/command.h"
#include "sys/file.h"
#include "sys/test_props.h"

namespace squall::bench {
namespace {

// Prints for each opening how many seconds it took, or "refused".
constexpr std::string_view opener = R"(use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);
for (1 .. $ARGV[1]) {
  my $start = clock_gettime(CLOCK_MONOTONIC);
  my $is_open = open(my $file, "<", $ARGV[0]);
  my $took = clock_gettime(CLOCK_MONOTONIC) - $start;
  print $is_open ? sprintf("%.6f", $took) : "refused", "\n";
})";

struct Openings {
  Samples took;  // ms, of those that went well
  int refused = 0;
  std::string problem;
};

Openings open_often(const std::string& path, int count) {
  sys::Patience patience(seconds(60));
  const Result<sys::CommandResult> done =
      sys::run_command({.argv = {"perl", "-e", std::string(opener), path, std::to_string(count)},
                        .output_limit = Bytes{1 << 20}},
                       patience);
  Openings openings;
  if (!done.ok()) {
    openings.problem = done.error().render();
    return openings;
  }
  std::istringstream lines(done->output);
  for (std::string line; std::getline(lines, line);) {
    if (line == "refused") {
      ++openings.refused;
    } else {
      openings.took.push_back(1000 * std::strtod(line.c_str(), nullptr));
    }
  }
  const int seen = openings.refused + static_cast<int>(openings.took.size());
  if (seen != count) {
    openings.problem = fmt::format("only {} of {} openings were told: {}", seen, count,
                                   printable(done->error_output));
  }
  return openings;
}

Accuracy delay_row(guardian::Session& session, const std::string& path, int delay_ms) {
  const std::string asked = fmt::format("{} ms", delay_ms);
  const DoseFault fault(session, "file.delay", {{"path", path}, {"delay", asked}, {"on", "open"}});
  if (!fault.problem().empty()) return problem_row("file.delay", asked, fault.problem());
  const Openings openings = open_often(path, 2000 / delay_ms);
  if (!openings.problem.empty()) return problem_row("file.delay", asked, openings.problem);
  const double median = quantile(openings.took, 0.5);
  const std::string delivered =
      fmt::format("{:.2f} ms in the median, {:.2f} ms at most", median, quantile(openings.took, 1));
  // Half a millisecond for the way there and back, as a share of what was asked.
  return share_row("file.delay, opening", asked, delay_ms, delivered, median, 0.5 / delay_ms);
}

Accuracy errno_row(guardian::Session& session, const std::string& path, int percent) {
  constexpr int count = 10'000;
  const std::string asked = fmt::format("{} %", percent);
  const DoseFault fault(session, "file.errno",
                        {{"path", path}, {"error", "EPERM"}, {"on", "open"}, {"share", asked}});
  if (!fault.problem().empty()) return problem_row("file.errno", asked, fault.problem());
  const Openings openings = open_often(path, count);
  if (!openings.problem.empty()) return problem_row("file.errno", asked, openings.problem);
  const double got = 100.0 * openings.refused / count;
  // Three standard deviations of a binomial share.
  const double share = percent / 100.0;
  const double limit = 3 * std::sqrt(share * (1 - share) / count) / share;
  return share_row("file.errno, share of openings", asked, percent, fmt::format("{:.2f} %", got),
                   got, limit);
}

}  // namespace

std::vector<Accuracy> bench_access_accuracy() {
  const Workplace workplace;
  const auto session = workplace.open("bench");
  const sys::ScratchFolder scratch;
  const std::string path = scratch / "victim";
  CHECK(sys::write_file_durably(path, "content", 0644).ok(), "a file can be made");
  std::vector<Accuracy> rows;
  for (const int delay : {5, 20, 200}) rows.push_back(delay_row(*session, path, delay));
  for (const int percent : {5, 30, 100}) rows.push_back(errno_row(*session, path, percent));
  return rows;
}

}  // namespace squall::bench
