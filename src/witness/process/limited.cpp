// process.limited: sees whether a soft resource limit of one process has come down to a value.
//
// It reads /proc/PID/limits, which the kernel writes from the process itself. A limit that was
// already that low before the fault proves nothing, so such a process is not taken on.
#include <array>
#include <charconv>
#include <limits>

#include <fmt/core.h>

#include "core/text.h"
#include "witness/subject.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

struct Target {
  std::int64_t pid = 0;
  std::int64_t start_ticks = 0;
  std::string resource;
  std::int64_t soft = 0;
};

const param::Table<Target> table{{
    param::field("pid", &Target::pid, {.about = "The process.", .required = true, .min = 1}),
    param::field("start_ticks", &Target::start_ticks,
                 {.about = "Its start time, as in /proc/PID/stat.", .required = true}),
    param::field(
        "resource", &Target::resource,
        {.about = "The limit, by the kernel's name in lower case: nofile for RLIMIT_NOFILE.",
         .required = true}),
    param::field("soft", &Target::soft,
                 {.about = "The value at or below which the process counts as limited.",
                  .required = true,
                  .min = 0}),
}};

// How /proc/PID/limits names them.
constexpr std::array<std::pair<std::string_view, std::string_view>, 10> line_names = {{
    {"as", "Max address space"},
    {"core", "Max core file size"},
    {"data", "Max data size"},
    {"fsize", "Max file size"},
    {"memlock", "Max locked memory"},
    {"msgqueue", "Max msgqueue size"},
    {"nofile", "Max open files"},
    {"nproc", "Max processes"},
    {"sigpending", "Max pending signals"},
    {"stack", "Max stack size"},
}};

constexpr double unlimited = std::numeric_limits<double>::infinity();

// The soft limit stands first after the name: "Max open files   1024   4096   files".
Result<double> soft_limit(std::string_view text, std::string_view line_name) {
  for (const std::string& line : split(text, '\n')) {
    if (!line.starts_with(line_name)) continue;
    const std::string_view rest = trim(std::string_view(line).substr(line_name.size()));
    if (rest.starts_with("unlimited")) return unlimited;
    std::uint64_t value = 0;
    if (std::from_chars(rest.data(), rest.data() + rest.size(), value).ec == std::errc()) {
      return static_cast<double>(value);
    }
  }
  return error(Code::unsupported,
               fmt::format("/proc/PID/limits has no line \"{}\" on this kernel", line_name));
}

std::string limit_text(double limit) {
  return limit == unlimited ? "unlimited" : fmt::format("{:.0f}", limit);
}

class Limited final : public Witness {
 public:
  Limited(Subject subject, std::string_view line_name, double soft)
      : subject_(std::move(subject)), line_name_(line_name), soft_(soft) {}

  // Empty when the process has ended.
  Result<std::optional<double>> read() const {
    const std::optional<std::string> text = TRY(subject_.read("limits"));
    if (!text) return std::optional<double>();
    return std::optional<double>(TRY(soft_limit(*text, line_name_)));
  }

  Result<Sighting> look() override {
    const std::optional<double> limit = TRY(read());
    if (!limit) return Sighting{.detail = "the process has ended"};
    const bool on = *limit <= soft_;
    return Sighting{.on = on,
                    .dose = on ? *limit : 0,
                    .detail = fmt::format("{} {}", line_name_, limit_text(*limit))};
  }

 private:
  Subject subject_;
  std::string_view line_name_;
  double soft_;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  std::string_view line_name;
  for (const auto& [name, line] : line_names) {
    if (target.resource == name) line_name = line;
  }
  if (line_name.empty()) {
    return error(Code::invalid,
                 fmt::format("\"{}\" is not a resource limit", printable(target.resource)),
                 "use nofile, nproc, as, data, memlock, sigpending or stack");
  }
  const sys::ProcessId id{target.pid, static_cast<std::uint64_t>(target.start_ticks)};
  auto witness = std::make_unique<Limited>(TRY(Subject::open(id)), line_name,
                                           static_cast<double>(target.soft));
  const std::optional<double> now = TRY(witness->read());
  if (!now) return error(Code::not_found, fmt::format("process {} has ended", target.pid));
  if (*now <= static_cast<double>(target.soft)) {
    return error(Code::conflict,
                 fmt::format("process {} is already limited: {} is {}", target.pid, line_name,
                             limit_text(*now)),
                 fmt::format("choose a limit below {}", limit_text(*now)));
  }
  return witness;
}

}  // namespace

extern const Kind kind_process_limited;
const Kind kind_process_limited = kind_of<Target>({
    .name = "process.limited",
    .about = "Whether a soft limit of the process has come down, read from /proc/PID/limits.",
    .dose_unit = "soft limit",
    .every = milliseconds(2),
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
