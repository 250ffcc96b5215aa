// process.reniced: sees whether every thread of one process has a certain nice value.
//
// The kernel keeps it for each thread and shows it in column 19 of /proc/PID/task/TID/stat. A
// process in which every thread had that value before the fault proves nothing, so such a one is
// not taken on.
#include <charconv>

#include <fmt/core.h>

#include "core/text.h"
#include "witness/threads.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

struct Target {
  std::int64_t pid = 0;
  std::int64_t start_ticks = 0;
  std::int64_t nice = 0;
};

const param::Table<Target> table{{
    param::field("pid", &Target::pid, {.about = "The process.", .required = true, .min = 1}),
    param::field("start_ticks", &Target::start_ticks,
                 {.about = "Its start time, as in /proc/PID/stat.", .required = true}),
    param::field("nice", &Target::nice,
                 {.about = "The nice value that each thread should have.",
                  .required = true,
                  .min = -20,
                  .max = 19}),
}};

// The name in brackets may itself hold brackets and blanks: columns count from the last bracket.
std::optional<std::int64_t> nice_value(std::string_view stat) {
  constexpr std::size_t column = 19 - 3;  // proc(5); the list begins with column 3
  const std::size_t close = stat.rfind(')');
  if (close == std::string_view::npos) return std::nullopt;
  const std::vector<std::string> fields = split(trim(stat.substr(close + 1)), ' ');
  std::int64_t value = 0;
  if (fields.size() <= column) return std::nullopt;
  const std::string& word = fields[column];
  const auto [rest, problem] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (problem != std::errc() || rest != word.data() + word.size()) return std::nullopt;
  return value;
}

class Reniced final : public Witness {
 public:
  Reniced(Subject subject, std::int64_t nice) : subject_(std::move(subject)), nice_(nice) {}

  Result<Sighting> look() override {
    const ThreadCount count =
        TRY(count_threads(subject_, "stat", [this](std::string_view text) -> std::optional<bool> {
          const std::optional<std::int64_t> value = nice_value(text);
          return value ? std::optional(*value == nice_) : std::nullopt;
        }));
    if (subject_.has_ended()) return Sighting{.detail = "the process has ended"};
    return Sighting{.on = count.all(),
                    .dose = static_cast<double>(count.matching),
                    .detail = fmt::format("{} of {} threads at nice {}", count.matching,
                                          count.matching + count.others, nice_)};
  }

 private:
  Subject subject_;
  std::int64_t nice_;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  const sys::ProcessId id{target.pid, static_cast<std::uint64_t>(target.start_ticks)};
  auto witness = std::make_unique<Reniced>(TRY(Subject::open(id)), target.nice);
  if (TRY(witness->look()).on) {
    return error(Code::conflict,
                 fmt::format("process {} already has the nice value {}", target.pid, target.nice),
                 "choose another value");
  }
  return witness;
}

}  // namespace

extern const Kind kind_process_reniced;
const Kind kind_process_reniced = kind_of<Target>({
    .name = "process.reniced",
    .about = "Whether every thread of the process has the nice value, read from /proc/PID/task.",
    .dose_unit = "threads",
    .every = milliseconds(2),
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
