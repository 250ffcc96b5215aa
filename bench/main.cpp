// squall-bench: what squall reaches, beside a peer or a floor in the same run.
//
//   squall-bench [NAME]...      accesses, accuracy, clocks, disks, effects, floods, honest, kinds,
//                               limits, memory, network, packets, programs, stops; all of them
//                               without a name
#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

#include "measure.h"

namespace {
constexpr std::array<std::string_view, 14> known = {
    "accesses", "accuracy", "clocks", "disks",   "effects", "floods",   "honest",
    "kinds",    "limits",   "memory", "network", "packets", "programs", "stops"};
}  // namespace

int main(int count, char** words) {
  using namespace squall::bench;
  if (::geteuid() != 0) {
    std::fprintf(stderr,
                 "squall-bench needs root: it makes a network namespace and packet filters\n");
    return 2;
  }
  const std::vector<std::string> asked(words + 1, words + count);
  for (const std::string& one : asked) {
    if (std::find(known.begin(), known.end(), one) != known.end()) continue;
    std::fprintf(stderr, "squall-bench knows no \"%s\"; it knows:", one.c_str());
    for (const std::string_view name : known)
      std::fprintf(stderr, " %s", std::string(name).c_str());
    std::fprintf(stderr, "\n");
    return 2;
  }
  const auto is_asked = [&](const std::string& name) {
    if (asked.empty()) return true;
    for (const std::string& one : asked) {
      if (one == name) return true;
    }
    return false;
  };
  std::vector<Row> all;
  const auto add = [&](const std::string& title, std::vector<Row> rows) {
    print_rows(title, rows);
    all.insert(all.end(), rows.begin(), rows.end());
  };
  if (is_asked("programs")) add("Programs", bench_programs(50));
  if (is_asked("stops")) add("Stop conditions", bench_stops(100));
  if (is_asked("kinds")) add("Every change kind", bench_kinds(30));
  if (is_asked("disks")) add("Disks", bench_disks(30));
  if (is_asked("effects")) add("Command to effect", bench_effects(200));
  if (is_asked("honest")) add("Honest measurement under its own load", bench_honest());
  if (is_asked("clocks")) add("Clocks: asked against delivered", bench_clocks(30));
  if (is_asked("memory")) add("Memory: asked against delivered", bench_memory(10));
  int missed = 0;
  std::size_t goals = all.size();
  const auto add_doses = [&](const std::string& title, const std::vector<Accuracy>& rows) {
    print_accuracies("Asked against delivered: " + title, rows);
    goals += rows.size();
    for (const Accuracy& row : rows) missed += row.is_reached ? 0 : 1;
  };
  if (is_asked("accuracy")) add_doses("CPU load", bench_cpu_accuracy(4));
  if (is_asked("accuracy") || is_asked("floods")) add_doses("floods", bench_flood_accuracy());
  if (is_asked("accuracy") || is_asked("accesses")) {
    add_doses("openings of a file", bench_access_accuracy());
  }
  if (is_asked("accuracy") || is_asked("limits")) add_doses("limits", bench_limit_accuracy());
  if (is_asked("packets")) add_doses("the packet engine", bench_packets());
  if (is_asked("network")) add_doses("the proxy beside its peers", bench_network(5));
  for (const Row& row : all) missed += row.is_reached ? 0 : 1;
  std::printf("\n%zu goals, %d missed\n", goals, missed);
  return missed == 0 ? 0 : 1;
}
