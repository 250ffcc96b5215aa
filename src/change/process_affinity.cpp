// process.affinity: every thread of a process may run on certain processors only.
//
// Journaled, because an affinity stays when the one who set it dies. The kernel remembers what a
// thread asked for apart from what its cpuset allows; so a thread that had no wish of its own gets
// "all processors" back, not the list that its cpuset allowed at that time, and goes on following
// its cpuset. Processors that the cpuset of the process does not allow are refused, since the
// kernel would leave them out in silence.
#include <algorithm>
#include <array>
#include <cerrno>

#include <fmt/core.h>
#include <sched.h>

#include "change/thread_values.h"
#include "change/typed.h"
#include "core/cpu_list.h"
#include "core/text.h"
#include "sys/controllers.h"
#include "sys/file.h"

namespace squall::change {
namespace {

struct ProcessAffinity {
  std::int64_t pid = 0;
  std::int64_t start_ticks = 0;
  std::string cpus;

  sys::ProcessId id() const { return {pid, static_cast<std::uint64_t>(start_ticks)}; }
};

const param::Table<ProcessAffinity> table{{
    param::field("pid", &ProcessAffinity::pid,
                 {.about = "The process.", .required = true, .min = 1}),
    param::field(
        "start_ticks", &ProcessAffinity::start_ticks,
        {.about = "Its start time in clock ticks since boot.", .required = true, .min = 0}),
    param::field("cpus", &ProcessAffinity::cpus,
                 {.about = "The processors, as the kernel lists them: 0-2,5.", .required = true}),
}};

// The mask of sched_setaffinity(2), of a size that suffices for every kernel.
constexpr std::size_t word_bits = 8 * sizeof(unsigned long);
using Mask = std::array<unsigned long, (cpu_number_max + 1) / word_bits>;

Result<std::string> read_affinity(std::int64_t thread) {
  Mask mask{};
  if (::sched_getaffinity(static_cast<pid_t>(thread), sizeof mask,
                          reinterpret_cast<cpu_set_t*>(mask.data())) != 0) {
    if (errno == ESRCH) return error(Code::not_found, "the thread is gone");
    return errno_error(errno, fmt::format("reading the affinity of thread {}", thread));
  }
  CpuList processors;
  for (int number = 0; number <= cpu_number_max; ++number) {
    const auto bit = static_cast<std::size_t>(number);
    if ((mask[bit / word_bits] >> bit % word_bits & 1U) != 0) processors.insert(number);
  }
  return render_cpu_list(processors);
}

Status write_mask(std::int64_t thread, const Mask& mask) {
  if (::sched_setaffinity(static_cast<pid_t>(thread), sizeof mask,
                          reinterpret_cast<const cpu_set_t*>(mask.data())) == 0) {
    return ok();
  }
  if (errno == ESRCH) return error(Code::not_found, "the thread is gone");
  return errno_error(errno, fmt::format("setting the affinity of thread {}", thread));
}

Status write_affinity(std::int64_t thread, const std::string& list) {
  Mask mask{};
  for (const int number : TRY(parse_cpu_list(list))) {
    const auto bit = static_cast<std::size_t>(number);
    mask[bit / word_bits] |= 1UL << bit % word_bits;
  }
  return write_mask(thread, mask);
}

// `unbound` is the list of a thread that has no wish of its own.
ThreadValue affinity(const std::string& unbound) {
  return {.what = "affinity",
          .read = read_affinity,
          .write = [unbound](std::int64_t thread, const std::string& list) {
            if (list != unbound) return write_affinity(thread, list);
            Mask all;
            all.fill(~0UL);
            return write_mask(thread, all);
          }};
}

// What the cpuset of the process allows; where there is none, every processor that is on.
Result<CpuList> allowed_to(const sys::ProcessId& process) {
  if (const auto hierarchy = sys::hierarchy_with("cpuset")) {
    const Result<std::string> group = sys::cgroup_directory_of(process, *hierarchy);
    if (group.ok()) {
      for (const std::string& directory : sys::groups_upward(*group, *hierarchy)) {
        for (const char* name : {"cpuset.cpus.effective", "cpuset.effective_cpus"}) {
          const Result<std::string> text = sys::read_file(directory + "/" + name, 65536);
          if (text.ok()) return parse_cpu_list(*text);
        }
      }
    }
  }
  return parse_cpu_list(TRY(sys::read_file("/sys/devices/system/cpu/online", 65536)));
}

Result<Footprint> footprint(const ProcessAffinity& params) {
  if (TRY(parse_cpu_list(params.cpus), "cpus").empty()) {
    return error(Code::invalid, "cpus: a process needs at least one processor",
                 "name one, for example 0");
  }
  return Footprint{.processes = {params.id()},
                   .resources = {fmt::format("process {} affinity", params.pid)}};
}

// The list as the kernel shows it, so that it can be compared.
std::string wanted_by(const ProcessAffinity& params) {
  const Result<CpuList> list = parse_cpu_list(params.cpus);
  return list.ok() ? render_cpu_list(*list) : params.cpus;
}

Result<json::object> capture(const ProcessAffinity& params) {
  const CpuList allowed = TRY(allowed_to(params.id()));
  const std::string unbound = render_cpu_list(allowed);
  json::object before = TRY(capture_threads(affinity(unbound), params.id()));
  const CpuList asked = TRY(parse_cpu_list(params.cpus));
  if (!includes(allowed, asked)) {
    return error(Code::invalid,
                 fmt::format("process {} may use the processors {}, not all of {}", params.pid,
                             unbound, wanted_by(params)),
                 "choose among those; its cpuset and the host's own processors bound it");
  }
  TRY_VOID(check_may_schedule(params.id()));
  before["unbound"] = unbound;
  return before;
}

Result<json::object> apply(const ProcessAffinity& params, const json::object& before) {
  TRY_VOID(set_threads(affinity(text_at(before, "unbound")), params.id(), wanted_by(params)));
  return json::object{};
}

Result<Presence> verify(const ProcessAffinity& params, const json::object& before) {
  return verify_threads(affinity(text_at(before, "unbound")), params.id(), wanted_by(params),
                        before);
}

Result<Reverted> revert(const ProcessAffinity& params, const json::object& before) {
  return revert_threads(affinity(text_at(before, "unbound")), params.id(), wanted_by(params),
                        before);
}

std::string describe(const ProcessAffinity& params) {
  return fmt::format("let process {} run on the processors {} only", params.pid, wanted_by(params));
}

std::string undo(const ProcessAffinity& params) {
  return fmt::format("give every thread of process {} its old processors back", params.pid);
}

}  // namespace

extern const Kind kind_process_affinity;
const Kind kind_process_affinity = make_kind<ProcessAffinity>({
    .name = "process.affinity",
    .about = "Every thread of a process may run on certain processors only.",
    .keeping = Keeping::journaled,
    .table = &table,
    .footprint = footprint,
    .capture = capture,
    .apply = apply,
    .verify = verify,
    .revert = revert,
    .describe = describe,
    .undo = undo,
});

}  // namespace squall::change
