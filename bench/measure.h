// What the benches share: repeated measurements, their quantiles, and rows of a table.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/duration.h"
#include "core/result.h"
#include "guardian/client.h"

namespace squall::bench {

// Milliseconds, one a repetition.
using Samples = std::vector<double>;

double quantile(Samples samples, double share);
double share_within(const Samples& samples, double limit_ms);

struct Row {
  std::string what;
  Samples samples;
  std::string goal;  // in words
  bool is_reached = true;
  std::string note;  // a ratio to a peer, or what else the reader should know
};

void print_rows(const std::string& title, const std::vector<Row>& rows);

// A dose: asked for against delivered, each with its unit.
struct Accuracy {
  std::string what;
  std::string asked;
  std::string delivered;
  std::string deviation;
  std::string goal;
  bool is_reached = true;
  std::string note;  // the peer in the same run
};

// A dose that could not be given, and why.
Accuracy problem_row(const std::string& what, const std::string& asked, const std::string& why);
// Both in the same unit; `limit` is the greatest deviation, as a share of what was asked.
Accuracy share_row(const std::string& what, const std::string& asked, double wanted,
                   const std::string& delivered, double got, double limit);

void print_accuracies(const std::string& title, const std::vector<Accuracy>& rows);

// A state folder of its own with a guardian, removed at the end.
class Workplace {
 public:
  Workplace();
  ~Workplace();
  const guardian::Launch& launch() const { return launch_; }
  // A new session with a lease of two seconds.
  std::unique_ptr<guardian::Session> open(const std::string& run) const;

 private:
  guardian::Launch launch_;
};

// The changes of one fault, in force as a run would make them, until the end of this.
class DoseFault {
 public:
  DoseFault(guardian::Session& session, const std::string& kind, json::object params);
  ~DoseFault();
  DoseFault(const DoseFault&) = delete;
  DoseFault& operator=(const DoseFault&) = delete;
  const std::string& problem() const { return problem_; }  // why not; empty when it is in force

 private:
  guardian::Session& session_;
  std::vector<std::string> made_;
  std::string problem_;
};

// A child that sleeps until the end, and dies with us.
class Sleeper {
 public:
  Sleeper();
  ~Sleeper();
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;
  int pid() const { return pid_; }
  change::Request stop_request() const;
  bool is_stopped() const;

 private:
  int pid_ = 0;
};

std::string program_beside(const std::string& name);
// Runs a program to its end; its exit code, or -1.
int run_program(const std::vector<std::string>& words);

std::vector<Row> bench_clocks(int repetitions);
std::vector<Accuracy> bench_access_accuracy();
std::vector<Accuracy> bench_cpu_accuracy(int turns);
std::vector<Row> bench_disks(int repetitions);
std::vector<Row> bench_effects(int repetitions);
std::vector<Accuracy> bench_flood_accuracy();
std::vector<Row> bench_honest();
std::vector<Row> bench_kinds(int repetitions);
std::vector<Accuracy> bench_limit_accuracy();
std::vector<Row> bench_memory(int repetitions);
// Each peer as often as `passes`.
std::vector<Accuracy> bench_network(int passes);
std::vector<Accuracy> bench_packets();
std::vector<Row> bench_stops(int repetitions);
std::vector<Row> bench_programs(int repetitions);

}  // namespace squall::bench
