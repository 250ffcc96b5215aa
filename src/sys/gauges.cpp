#include "sys/gauges.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <ctime>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <fmt/core.h>

#include "sys/clock.h"
#include "sys/file.h"

namespace squall::sys {
namespace {

constexpr std::size_t text_max = 4 << 20;

// All of a kept-open file of /proc, from its beginning.
Result<std::string> read_again(const Fd& fd, std::string_view what) {
  std::string text;
  std::array<char, 16384> buffer;
  while (text.size() < text_max) {
    const ssize_t got =
        ::pread(fd.get(), buffer.data(), buffer.size(), static_cast<off_t>(text.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error(errno, fmt::format("reading {}", what));
    if (got == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return error(Code::invalid, fmt::format("{} is larger than {} bytes", what, text_max));
}

Error strange(std::string_view what) {
  return error(Code::failed, fmt::format("{} is not as the kernel writes it", what));
}

// Takes text apart from left to right, without copies.
class Words {
 public:
  explicit Words(std::string_view text) : rest_(text) {}

  // The next word, empty at the end.
  std::string_view next() {
    const std::size_t start = rest_.find_first_not_of(" \t");
    if (start == std::string_view::npos) return {};
    rest_.remove_prefix(start);
    const std::string_view word = rest_.substr(0, rest_.find_first_of(" \t"));
    rest_.remove_prefix(word.size());
    return word;
  }
  // The next word as a number, nothing if it is none.
  std::optional<std::uint64_t> number() {
    const std::string_view word = next();
    std::uint64_t value = 0;
    const auto [rest, code] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (code != std::errc() || rest != word.data() + word.size()) return std::nullopt;
    return value;
  }
  void skip(int count) {
    for (int i = 0; i < count; ++i) next();
  }

 private:
  std::string_view rest_;
};

template <class Visit>
void for_each_line(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    visit(line);
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
}

// "some avg10=0.00 avg60=0.00 avg300=0.00 total=MICROSECONDS" is the first line.
Result<Duration> read_stalled(const Fd& fd, std::string_view what) {
  const std::string text = TRY(read_again(fd, what));
  const std::string_view line = std::string_view(text).substr(0, text.find('\n'));
  const std::size_t total = line.find("total=");
  if (!line.starts_with("some ") || total == std::string_view::npos) return strange(what);
  const auto count = Words(line.substr(total + 6)).number();
  if (!count) return strange(what);
  return microseconds(static_cast<std::int64_t>(*count));
}

}  // namespace

Result<Gauges> Gauges::open(const std::string& proc, const std::string& block) {
  Gauges gauges;
  gauges.block_ = block;
  gauges.cpu_ = TRY(open_file(proc + "/stat", O_RDONLY), "opening the gauges");
  gauges.memory_ = TRY(open_file(proc + "/meminfo", O_RDONLY), "opening the gauges");
  gauges.disks_ = TRY(open_file(proc + "/diskstats", O_RDONLY), "opening the gauges");
  // "net" leads to the main thread's namespace, which need not be this thread's.
  const std::string own = proc + "/thread-self/net/dev";
  gauges.network_ =
      TRY(open_file(exists(own) ? own : proc + "/net/dev", O_RDONLY), "opening the gauges");
  Result<Fd> cpu = open_file(proc + "/pressure/cpu", O_RDONLY);
  Result<Fd> memory = open_file(proc + "/pressure/memory", O_RDONLY);
  Result<Fd> io = open_file(proc + "/pressure/io", O_RDONLY);
  if (cpu.ok() && memory.ok() && io.ok()) {
    gauges.cpu_pressure_ = *std::move(cpu);
    gauges.memory_pressure_ = *std::move(memory);
    gauges.io_pressure_ = *std::move(io);
    // Where pressure is switched off at boot the files exist but cannot be read.
    if (!read_again(gauges.cpu_pressure_, "pressure").ok()) gauges.cpu_pressure_.reset();
  }
  TRY_VOID(gauges.read(), "trying the gauges");
  return gauges;
}

Result<GaugeReading> Gauges::read() {
  GaugeReading reading;
  reading.at = monotonic_now();
  TRY_VOID(read_cpu(reading));
  TRY_VOID(read_memory(reading));
  TRY_VOID(read_disks(reading));
  TRY_VOID(read_network(reading));
  TRY_VOID(read_pressure(reading));
  return reading;
}

// "cpu user nice system idle iowait irq softirq steal guest guest_nice"; guest time is in user time
// already.
Status Gauges::read_cpu(GaugeReading& reading) {
  const std::string text = TRY(read_again(cpu_, "stat"));
  Words words(std::string_view(text).substr(0, text.find('\n')));
  if (words.next() != "cpu") return strange("stat");
  std::array<std::uint64_t, 8> fields{};
  for (std::uint64_t& field : fields) {
    const auto number = words.number();
    if (!number) return strange("stat");
    field = *number;
  }
  CpuTicks now;
  for (const std::uint64_t field : fields) now.all += field;
  now.stolen = fields[7];
  const std::uint64_t idle = fields[3] + fields[4];
  now.busy = now.all - idle - now.stolen;
  // The kernel may take idle time back a little; then the shares stay until time moves on.
  if (now.all > ticks_.all && now.busy >= ticks_.busy && now.stolen >= ticks_.stolen) {
    const auto passed = static_cast<double>(now.all - ticks_.all);
    cpu_busy_.fraction = std::min(1.0, static_cast<double>(now.busy - ticks_.busy) / passed);
    cpu_stolen_.fraction = std::min(1.0, static_cast<double>(now.stolen - ticks_.stolen) / passed);
    ticks_ = now;
  }
  reading.cpu_busy = cpu_busy_;
  reading.cpu_stolen = cpu_stolen_;
  return ok();
}

Status Gauges::read_memory(GaugeReading& reading) {
  const std::string text = TRY(read_again(memory_, "meminfo"));
  std::optional<std::uint64_t> total;
  std::optional<std::uint64_t> available;
  for_each_line(text, [&](std::string_view line) {
    Words words(line);
    const std::string_view name = words.next();
    if (name == "MemTotal:") total = words.number();
    if (name == "MemAvailable:") available = words.number();
  });
  if (!total || !available) return strange("meminfo");
  reading.memory_used.count = *total > *available ? (*total - *available) * 1024 : 0;
  return ok();
}

// "major minor name reads merged sectors-read ms writes merged sectors-written ..."; a sector is
// 512 bytes here whatever the disk has.
Status Gauges::read_disks(GaugeReading& reading) {
  constexpr std::uint64_t sector = 512;
  const std::string text = TRY(read_again(disks_, "diskstats"));
  bool is_strange = false;
  for_each_line(text, [&](std::string_view line) {
    Words words(line);
    words.skip(2);
    const std::string name(words.next());
    words.skip(2);
    const auto read_sectors = words.number();
    words.skip(3);
    const auto written_sectors = words.number();
    if (!read_sectors || !written_sectors) is_strange = true;
    if (is_strange || !is_whole_disk(name)) return;
    reading.disk_read.count += *read_sectors * sector;
    reading.disk_written.count += *written_sectors * sector;
  });
  if (is_strange) return strange("diskstats");
  return ok();
}

// A disk that stands for itself has a device behind it. Partitions are not listed in the folder;
// loop, RAM and mapped devices are, without one.
bool Gauges::is_whole_disk(const std::string& name) {
  const auto known = whole_disks_.find(name);
  if (known != whole_disks_.end()) return known->second;
  return whole_disks_[name] = exists(fmt::format("{}/{}/device", block_, name));
}

// "name: bytes-in packets errors dropped fifo frame compressed multicast bytes-out ..." after two
// lines of headings. The name may touch the number.
Status Gauges::read_network(GaugeReading& reading) {
  const std::string text = TRY(read_again(network_, "net/dev"));
  bool is_strange = false;
  for_each_line(text, [&](std::string_view line) {
    const std::size_t colon = line.rfind(':');
    if (colon == std::string_view::npos) return;
    const std::string_view name = Words(line.substr(0, colon)).next();
    Words words(line.substr(colon + 1));
    const auto in = words.number();
    words.skip(7);
    const auto out = words.number();
    if (!in || !out) {
      is_strange = true;
    } else if (name == "lo") {
      reading.loopback.count += *in;
    } else {
      reading.network_in.count += *in;
      reading.network_out.count += *out;
    }
  });
  if (is_strange) return strange("net/dev");
  return ok();
}

Status Gauges::read_pressure(GaugeReading& reading) {
  if (!cpu_pressure_.valid()) return ok();
  PressureTotals totals;
  totals.cpu = TRY(read_stalled(cpu_pressure_, "pressure/cpu"));
  totals.memory = TRY(read_stalled(memory_pressure_, "pressure/memory"));
  totals.io = TRY(read_stalled(io_pressure_, "pressure/io"));
  reading.pressure = totals;
  return ok();
}

Result<ProcessGauges> ProcessGauges::open(ProcessId id) {
  const auto gone = [&] {
    return error(Code::not_found, fmt::format("process {} is gone, it cannot be measured", id.pid));
  };
  Result<Fd> memory = open_file(fmt::format("/proc/{}/statm", id.pid), O_RDONLY);
  if (!memory.ok()) return gone();
  // Checked after the opening: the file belongs to the process that has this start time.
  const Result<Process> process = read_process(id.pid);
  if (!process.ok() || process->id != id) return gone();
  return ProcessGauges(id, *std::move(memory));
}

Result<ProcessReading> ProcessGauges::read() const {
  ProcessReading reading;
  reading.at = monotonic_now();
  // The clock of a process counts all its threads in nanoseconds; /proc/PID/schedstat has only the
  // first thread, /proc/PID/stat only ticks.
  clockid_t clock{};
  timespec time{};
  const bool has_time = ::clock_getcpuclockid(static_cast<pid_t>(id_.pid), &clock) == 0 &&
                        ::clock_gettime(clock, &time) == 0;
  // The open file stays with the process it was opened for, and reading it fails once that was
  // reaped. Read after the clock: if it still answers, the pid had not passed to another one.
  const Result<std::string> text = read_again(memory_, "statm");
  if (!has_time || !text.ok()) {
    return error(Code::not_found, fmt::format("process {} is gone", id_.pid));
  }
  Words words(std::string_view(*text).substr(0, text->find('\n')));
  words.skip(1);
  const auto pages = words.number();
  if (!pages) return strange("statm");
  reading.cpu_time = seconds(time.tv_sec) + nanoseconds(time.tv_nsec);
  reading.resident.count = *pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return reading;
}

}  // namespace squall::sys
