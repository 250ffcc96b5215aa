// cpu.pinned: sees whether every thread of one process may run on certain processors only.
//
// The kernel shows what each thread may use as Cpus_allowed_list in /proc/PID/task/TID/status. A
// process that was bound so tightly before the fault proves nothing and is not taken on.
#include <fmt/core.h>

#include "core/cpu_list.h"
#include "core/text.h"
#include "witness/threads.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

struct Target {
  std::int64_t pid = 0;
  std::int64_t start_ticks = 0;
  std::string cpus;
};

const param::Table<Target> table{{
    param::field("pid", &Target::pid, {.about = "The process.", .required = true, .min = 1}),
    param::field("start_ticks", &Target::start_ticks,
                 {.about = "Its start time, as in /proc/PID/stat.", .required = true}),
    param::field("cpus", &Target::cpus,
                 {.about = "The processors that it may use at the most: 0-2,5.", .required = true}),
}};

std::optional<CpuList> allowed(std::string_view status) {
  constexpr std::string_view key = "\nCpus_allowed_list:";
  const std::size_t at = status.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = status.substr(at + key.size());
  const Result<CpuList> list = parse_cpu_list(rest.substr(0, rest.find('\n')));
  return list.ok() && !list->empty() ? std::optional(*list) : std::nullopt;
}

class Pinned final : public Witness {
 public:
  Pinned(Subject subject, CpuList processors)
      : subject_(std::move(subject)), processors_(std::move(processors)) {}

  Result<Sighting> look() override {
    const ThreadCount count =
        TRY(count_threads(subject_, "status", [this](std::string_view text) -> std::optional<bool> {
          const std::optional<CpuList> list = allowed(text);
          return list ? std::optional(includes(processors_, *list)) : std::nullopt;
        }));
    if (subject_.has_ended()) return Sighting{.detail = "the process has ended"};
    return Sighting{
        .on = count.all(),
        .dose = static_cast<double>(count.matching),
        .detail = fmt::format("{} of {} threads bound to processors {}", count.matching,
                              count.matching + count.others, render_cpu_list(processors_))};
  }

 private:
  Subject subject_;
  CpuList processors_;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  const CpuList processors = TRY(parse_cpu_list(target.cpus), "cpus");
  const sys::ProcessId id{target.pid, static_cast<std::uint64_t>(target.start_ticks)};
  auto witness = std::make_unique<Pinned>(TRY(Subject::open(id)), processors);
  if (TRY(witness->look()).on) {
    return error(Code::conflict,
                 fmt::format("process {} already runs on no other processors than {}", target.pid,
                             render_cpu_list(processors)),
                 "choose fewer processors, or others");
  }
  return witness;
}

}  // namespace

extern const Kind kind_cpu_pinned;
const Kind kind_cpu_pinned = kind_of<Target>({
    .name = "cpu.pinned",
    .about = "Whether every thread of the process may use certain processors only, read from "
             "/proc/PID/task.",
    .dose_unit = "threads",
    .every = milliseconds(2),
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
