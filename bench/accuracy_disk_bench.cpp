// Disks: space taken against space asked for, and how fast, beside fallocate(1) on the same
// filesystem in the same run; reads and writes delivered against those asked for.
//
// What was taken is told by statvfs(2), what was delivered by the counters of the disk's driver:
// neither comes from squall. The filesystems are small ones of our own that nobody else sees.
#include <charconv>
#include <cmath>
#include <cstdlib>

#include <fmt/core.h>

#include "core/text.h"
#include "measure.h"
#include "sys/clock.h"
#include "sys/filesystem.h"
#include "sys/scratch_mount_test.h"

namespace squall::bench {
namespace {

constexpr std::uint64_t mebibyte = 1 << 20;

struct Filled {
  Samples squall;
  Samples peer;
  std::uint64_t largest_error = 0;  // bytes
  std::string problem;
};

Samples fill_by_fallocate(const sys::ScratchMount& mount, std::uint64_t size, int repetitions) {
  Samples samples;
  const std::string file = mount.path() + "/peer";
  for (int i = 0; i < repetitions; ++i) {
    const Duration start = sys::monotonic_now();
    run_program({"fallocate", "-l", std::to_string(size), file});
    samples.push_back((sys::monotonic_now() - start).milliseconds());
    ::unlink(file.c_str());
  }
  return samples;
}

Filled fill_by_squall(const sys::ScratchMount& mount, std::uint64_t size, int repetitions) {
  const Workplace workplace;
  const auto session = workplace.open("bench");
  Filled filled;
  for (int i = 0; i < repetitions; ++i) {
    const std::uint64_t before = mount.free_bytes();
    const std::string id = std::to_string(i);
    const Duration start = sys::monotonic_now();
    const auto applied = session->apply(
        id, {"disk.ballast", {{"path", mount.path()}, {"size", fmt::format("{} B", size)}}});
    if (!applied.ok()) {
      filled.problem = applied.error().render();
      return filled;
    }
    while (mount.free_bytes() > before - size && sys::monotonic_now() - start < seconds(20)) {
      sys::sleep_until(sys::monotonic_now() + microseconds(200));
    }
    filled.squall.push_back((sys::monotonic_now() - start).milliseconds());
    const auto taken = static_cast<std::int64_t>(before - mount.free_bytes());
    const auto error =
        static_cast<std::uint64_t>(std::abs(taken - static_cast<std::int64_t>(size)));
    filled.largest_error = std::max(filled.largest_error, error);
    static_cast<void>(session->revert(id).ok());
  }
  filled.peer = fill_by_fallocate(mount, size, repetitions);
  return filled;
}

void add_fill_rows(std::vector<Row>& rows, const std::string& name, const sys::ScratchMount& mount,
                   std::uint64_t size, int repetitions) {
  if (!mount.is_mounted()) {
    rows.push_back({"disk.fill, " + name, {}, "", false, "the filesystem cannot be mounted here"});
    return;
  }
  const Filled filled = fill_by_squall(mount, size, repetitions);
  const double ratio = quantile(filled.peer, 0.5) / quantile(filled.squall, 0.5);
  const std::string what = fmt::format("disk.fill, {} on {}", render_rounded(Bytes{size}), name);
  Row speed{what + ": command to full", filled.squall, "at least the speed of fallocate(1)"};
  speed.is_reached = filled.problem.empty() && ratio >= 1;
  speed.note = filled.problem.empty()
                   ? fmt::format("fallocate(1): median {:.2f} ms; speed ratio {:.2f}",
                                 quantile(filled.peer, 0.5), ratio)
                   : filled.problem;
  rows.push_back(std::move(speed));
  Row exact{what + ": largest error in bytes, not ms",
            {static_cast<double>(filled.largest_error)},
            "less than a block"};
  exact.is_reached = filled.problem.empty() && filled.largest_error < mount.block();
  rows.push_back(std::move(exact));
}

// Completed reads and writes, from the counters of the disk.
double operations(const std::string& device) {
  const std::string text = sys::read_file("/sys/dev/block/" + device + "/stat").value();
  std::vector<double> numbers;
  for (const std::string& word : split(text, ' ')) {
    double number = 0;
    const auto [rest, problem] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (problem == std::errc() && rest != word.data()) numbers.push_back(number);
  }
  return numbers.size() < 5 ? 0 : numbers[0] + numbers[4];
}

Row load_row(const sys::ScratchMount& mount, int per_second, std::string_view reads) {
  const Workplace workplace;
  const auto session = workplace.open("bench");
  Row row{fmt::format("disk.load, {} /s of 4 KiB, {} reads: error in %, not ms", per_second, reads),
          {},
          "all <= 5 %"};
  const std::string device = render(sys::look_at_filesystem(mount.path())->disk);
  const auto applied = session->apply("load", {"disk.traffic",
                                               {{"path", mount.path()},
                                                {"rate", fmt::format("{} /s", per_second)},
                                                {"reads", reads},
                                                {"file_size", "32 MiB"}}});
  if (!applied.ok()) {
    row.is_reached = false;
    row.note = applied.error().render();
    return row;
  }
  sys::sleep_until(sys::monotonic_now() + milliseconds(500));  // the scratch file is written first
  double slowest = per_second;
  for (int i = 0; i < 3; ++i) {
    const double before = operations(device);
    const Duration start = sys::monotonic_now();
    sys::sleep_until(start + seconds(1));
    const double rate = (operations(device) - before) / (sys::monotonic_now() - start).seconds();
    row.samples.push_back(std::abs(rate / per_second - 1) * 100);
    slowest = std::min(slowest, rate);
  }
  static_cast<void>(session->revert("load").ok());
  row.is_reached = quantile(row.samples, 1) <= 5;
  row.note = fmt::format("at least {:.0f} /s delivered", slowest);
  return row;
}

}  // namespace

std::vector<Row> bench_disks(int repetitions) {
  std::vector<Row> rows;
  const sys::ScratchMount memory({.size = Bytes{768 * mebibyte}});
  add_fill_rows(rows, "tmpfs", memory, 512 * mebibyte, std::min(repetitions, 10));
  const sys::ScratchMount image({.size = Bytes{6144 * mebibyte}, .program = "mkfs.ext4"});
  for (const std::uint64_t size : {16 * mebibyte, 4096 * mebibyte}) {
    add_fill_rows(rows, "ext4 on a loop device", image, size, repetitions);
  }
  if (!image.is_mounted()) return rows;
  for (const int per_second : {100, 1000, 4000}) {
    rows.push_back(load_row(image, per_second, "0 %"));
    rows.push_back(load_row(image, per_second, "70 %"));
  }
  return rows;
}

}  // namespace squall::bench
