// Disks: space taken against space asked for, and how fast, beside fallocate(1) on the same
// filesystem in the same run; reads and writes delivered against those asked for; the share of
// writes that fail, and how late they are.
//
// What was taken is told by statvfs(2), what was delivered by the counters of the disk's driver:
// neither comes from squall. The filesystems are small ones of our own that nobody else sees.
#include <charconv>
#include <cmath>
#include <cstdlib>

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include "core/text.h"
#include "measure.h"
#include "sys/clock.h"
#include "sys/file.h"
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

double fill_by_fallocate(const sys::ScratchMount& mount, std::uint64_t size) {
  const std::string file = mount.path() + "/peer";
  const Duration start = sys::monotonic_now();
  run_program({"fallocate", "-l", std::to_string(size), file});
  const double took = (sys::monotonic_now() - start).milliseconds();
  ::unlink(file.c_str());
  return took;
}

Status fill_by_squall(const sys::ScratchMount& mount, std::uint64_t size,
                      guardian::Session& session, const std::string& id, Filled& filled) {
  const std::uint64_t before = mount.free_bytes();
  const Duration start = sys::monotonic_now();
  TRY_VOID(session.apply(
      id, {"disk.ballast", {{"path", mount.path()}, {"size", fmt::format("{} B", size)}}}));
  while (mount.free_bytes() > before - size && sys::monotonic_now() - start < seconds(20)) {
    sys::sleep_until(sys::monotonic_now() + microseconds(200));
  }
  filled.squall.push_back((sys::monotonic_now() - start).milliseconds());
  const auto taken = static_cast<std::int64_t>(before - mount.free_bytes());
  const auto error = static_cast<std::uint64_t>(std::abs(taken - static_cast<std::int64_t>(size)));
  filled.largest_error = std::max(filled.largest_error, error);
  TRY_VOID(session.revert(id));
  return ok();
}

// In turns, and each first as often as the other: the first touch of memory that the host of a
// virtual machine has still to give takes several times as long as the second.
Filled fill_in_turns(const sys::ScratchMount& mount, std::uint64_t size, int repetitions) {
  const Workplace workplace;
  const auto session = workplace.open("bench");
  Filled filled;
  static_cast<void>(fill_by_fallocate(mount, size));
  for (int i = 0; i < repetitions; ++i) {
    if (i % 2 == 0) filled.peer.push_back(fill_by_fallocate(mount, size));
    const Status done = fill_by_squall(mount, size, *session, std::to_string(i), filled);
    if (!done.ok()) {
      filled.problem = done.error().render();
      return filled;
    }
    if (i % 2 != 0) filled.peer.push_back(fill_by_fallocate(mount, size));
  }
  return filled;
}

void add_fill_rows(std::vector<Row>& rows, const std::string& name, const sys::ScratchMount& mount,
                   std::uint64_t size, int repetitions) {
  if (!mount.is_mounted()) {
    rows.push_back({"disk.fill, " + name, {}, "", false, "the filesystem cannot be mounted here"});
    return;
  }
  const Filled filled = fill_in_turns(mount, size, repetitions);
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

change::Request overlay_request(const std::string& folder, std::string_view effect,
                                std::string_view share, std::string_view delay) {
  return {"disk.overlay",
          {{"path", folder},
           {"name", "squall-bench"},
           {"effect", effect},
           {"error", effect == "fail" ? "EIO" : ""},
           {"works", json::array{"write"}},
           {"share", share},
           {"delay", delay},
           {"seed", 7}}};
}

struct Written {
  Samples took;
  int failed = 0;
};
Written write_blocks(const std::string& folder, int count) {
  constexpr off_t blocks = 256;
  const std::string block(4096, 'x');
  const sys::Fd file = sys::open_file(folder + "/file", O_RDWR | O_CREAT).value();
  Written written;
  for (int i = 0; i < count; ++i) {
    const Duration start = sys::monotonic_now();
    const bool failed = ::pwrite(file.get(), block.data(), block.size(), i % blocks * 4096) < 0;
    written.took.push_back((sys::monotonic_now() - start).milliseconds());
    written.failed += failed ? 1 : 0;
  }
  return written;
}

// Writes of 4 KiB through the overlay; what they met is told by who writes.
std::vector<Row> overlay_rows(const sys::ScratchMount& mount) {
  constexpr int writes = 10'000;
  const Workplace workplace;
  const auto session = workplace.open("bench");
  const std::string folder = mount.path() + "/overlaid";
  std::vector<Row> rows;
  if (!sys::make_folders(folder).ok()) return rows;
  const double direct = quantile(write_blocks(folder, writes).took, 0.5);
  for (const int share : {1, 10, 50}) {
    Row row{fmt::format("disk.errors, {} % of {} writes: error in points, not ms", share, writes),
            {},
            "within 4 standard deviations"};
    const auto request = overlay_request(folder, "fail", fmt::format("{} %", share), "0 s");
    const std::string id = fmt::format("share-{}", share);
    if (session->apply(id, request).ok()) {
      const Written written = write_blocks(folder, writes);
      const double part = share / 100.0;
      const double error = std::abs(static_cast<double>(written.failed) / writes - part);
      row.samples.push_back(error * 100);
      row.is_reached = error <= 4 * std::sqrt(part * (1 - part) / writes);
      row.note = fmt::format("a write takes {:.4f} ms in the median, {:.4f} ms without",
                             quantile(written.took, 0.5), direct);
    }
    row.is_reached = row.is_reached && !row.samples.empty();
    static_cast<void>(session->revert(id).ok());
    rows.push_back(std::move(row));
  }
  Row late{"disk.errors, writes 20 ms late", {}, "median within 1 ms"};
  if (session->apply("late", overlay_request(folder, "wait", "100 %", "20 ms")).ok()) {
    late.samples = write_blocks(folder, 100).took;
  }
  static_cast<void>(session->revert("late").ok());
  late.is_reached = !late.samples.empty() && std::abs(quantile(late.samples, 0.5) - 20) <= 1;
  rows.push_back(std::move(late));
  return rows;
}

}  // namespace

std::vector<Row> bench_disks(int repetitions) {
  std::vector<Row> rows;
  const sys::ScratchMount memory({.size = Bytes{768 * mebibyte}});
  add_fill_rows(rows, "tmpfs", memory, 512 * mebibyte, std::min(repetitions, 10));
  if (memory.is_mounted()) {
    for (Row& row : overlay_rows(memory)) rows.push_back(std::move(row));
  }
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
