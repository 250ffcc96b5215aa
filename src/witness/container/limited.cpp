// container.limited: sees whether limits bind a container, by the attributes of its control group.
//
// On as soon as every limit that is looked for is at or below what is looked for, whoever set it:
// v1 or v2 is read as it comes. A container that has ended has no limits.
#include <algorithm>
#include <charconv>

#include <fmt/core.h>

#include "core/text.h"
#include "param/optional_codec.h"
#include "sys/controllers.h"
#include "sys/file.h"
#include "witness/containers.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

struct Target : ContainerPlace {
  std::optional<Bytes> memory;
  std::optional<Share> cpu;
  std::optional<std::int64_t> processes;
};

param::Table<Target> make_table() {
  std::vector<param::Field<Target>> fields = container_fields<Target>();
  fields.push_back(param::field("memory", &Target::memory, {.about = "The most memory."}));
  fields.push_back(
      param::field("cpu", &Target::cpu, {.about = "CPU time as a share of one core."}));
  fields.push_back(
      param::field("processes", &Target::processes, {.about = "The most processes and threads."}));
  return {std::move(fields)};
}
const param::Table<Target> table = make_table();

// The tightest of these attributes over the container's groups.
std::optional<double> lowest(const std::vector<std::string>& groups,
                             std::initializer_list<const char*> names) {
  std::optional<double> found;
  for (const std::string& group : groups) {
    for (const char* name : names) {
      const std::optional<std::uint64_t> number = sys::group_number(group, name);
      if (!number) continue;
      found = std::min(found.value_or(static_cast<double>(*number)), static_cast<double>(*number));
    }
  }
  return found;
}

// The numbers at the beginning of a file; what is none ends them.
std::vector<double> numbers_in(const std::string& file) {
  std::vector<double> numbers;
  const Result<std::string> text = sys::read_file(file, 4096);
  if (!text.ok()) return numbers;
  for (const std::string& word : split(trim(*text), ' ')) {
    double number = 0;
    const auto [end, problem] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (problem != std::errc() || number <= 0) break;
    numbers.push_back(number);
  }
  return numbers;
}

// cpu.max of v2 holds "QUOTA PERIOD", or "max PERIOD"; v1 has a file for each, and a quota of -1.
std::optional<double> cores(const std::vector<std::string>& groups) {
  for (const std::string& group : groups) {
    const std::vector<double> both = numbers_in(group + "/cpu.max");
    if (both.size() == 2) return both[0] / both[1];
    const std::vector<double> quota = numbers_in(group + "/cpu.cfs_quota_us");
    const std::vector<double> period = numbers_in(group + "/cpu.cfs_period_us");
    if (quota.size() == 1 && period.size() == 1) return quota[0] / period[0];
  }
  return std::nullopt;
}

class Limited final : public Witness {
 public:
  Limited(ContainerView view, Target target) : view_(std::move(view)), target_(std::move(target)) {}

  Result<Sighting> look() override {
    if (view_.first_has_ended()) return Sighting{.detail = "its main process has ended"};
    Tally tally;
    const std::vector<std::string>& groups = view_.groups();
    if (target_.memory) {
      tally.count("bytes of memory", lowest(groups, {"memory.max", "memory.limit_in_bytes"}),
                  static_cast<double>(target_.memory->count));
    }
    if (target_.cpu) tally.count("cores", cores(groups), target_.cpu->fraction);
    if (target_.processes) {
      tally.count("processes", lowest(groups, {"pids.max"}),
                  static_cast<double>(*target_.processes));
    }
    return Sighting{.on = tally.binding == tally.wanted,
                    .dose = static_cast<double>(tally.binding),
                    .detail = join(tally.words, ", ")};
  }

 private:
  struct Tally {
    int wanted = 0;
    int binding = 0;
    std::vector<std::string> words;

    void count(std::string_view what, std::optional<double> limit, double asked) {
      ++wanted;
      if (limit && *limit <= asked * (1 + 1e-9)) ++binding;
      words.push_back(limit ? fmt::format("at most {:.10g} {}", *limit, what)
                            : fmt::format("no limit on {}", what));
    }
  };

  ContainerView view_;
  Target target_;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  if (!target.memory && !target.cpu && !target.processes) {
    return error(Code::invalid, "there is nothing to look for", "give memory, cpu or processes");
  }
  return std::make_unique<Limited>(TRY(ContainerView::open(target)), target);
}

}  // namespace

extern const Kind kind_container_limited;
const Kind kind_container_limited = kind_of<Target>({
    .name = "container.limited",
    .about = "Whether limits on memory, CPU time and processes bind a container, as its control "
             "group shows them.",
    .dose_unit = "limits",
    .every = milliseconds(5),
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
