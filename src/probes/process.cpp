// process: counts the processes that match a selector and looks at the oldest of them.
//
// It reads /proc and signals nobody, so it can watch a process that is stopped, starved or hung.
#include "sys/process.h"

#include <algorithm>
#include <array>

#include "param/selector_codec.h"
#include "probes/typed.h"
#include "sys/clock.h"

namespace squall::probe {
namespace {

struct Processes {
  Selector select;
};

const param::Table<Processes> table{{
    param::field("select", &Processes::select,
                 {.about = "Which processes are meant.", .required = true}),
}};

constexpr std::array<std::pair<char, std::string_view>, 6> state_words = {{
    {'R', "running"},
    {'S', "sleeping"},
    {'D', "waiting"},
    {'T', "stopped"},
    {'t', "traced"},
    {'I', "idle"},
}};

std::string state_word(char state) {
  for (const auto& [letter, word] : state_words) {
    if (letter == state) return std::string(word);
  }
  return "other";
}

Duration uptime_of(const sys::Process& process) {
  const auto ticks_in_a_second = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  const std::uint64_t whole = process.id.start_ticks / ticks_in_a_second;
  const std::uint64_t rest = process.id.start_ticks % ticks_in_a_second;
  const Duration start =
      seconds(static_cast<std::int64_t>(whole)) +
      seconds(static_cast<std::int64_t>(rest)) / static_cast<std::int64_t>(ticks_in_a_second);
  return std::max(sys::boottime_now() - start, Duration{0});
}

Status check(const Processes& wanted) {
  if (wanted.select.pick == "all") return ok();
  return error(Code::invalid, "select: a probe looks at every process that matches",
               "leave `pick` out");
}

// The command line of squall, and of the shell or sudo that started it, may well hold the very text
// that is looked for: a scenario's name, say. None of them is ever meant.
Result<std::vector<sys::Process>> find_others(const Selector& select) {
  std::vector<sys::Process> found = TRY(sys::find_processes(select));
  if (select.command_line.empty()) return found;
  std::vector<std::int64_t> family = sys::ancestors(::getpid());
  std::erase(family, 1);
  std::erase_if(found, [&](const sys::Process& process) {
    return std::find(family.begin(), family.end(), process.id.pid) != family.end();
  });
  return found;
}

Sample take(const Processes& wanted, sys::Patience&) {
  Sample sample;
  const Result<std::vector<sys::Process>> found = find_others(wanted.select);
  // A pid file or a unit that is missing is how a service looks that does not run.
  const bool is_known = found.ok() || found.error().code == Code::not_found;
  if (!is_known) {
    sample.problem = found.error().render();
    return sample;
  }
  const std::size_t count = found.ok() ? found->size() : 0;
  sample.values["reached"] = count > 0;
  sample.values["count"] = count;
  if (count == 0) {
    sample.problem = found.ok() ? fmt::format("no process matches {}", describe(wanted.select))
                                : found.error().render();
    return sample;
  }
  const sys::Process& oldest = found->front();
  sample.values["oldest_pid"] = oldest.id.pid;
  sample.values["uptime"] = json::string(render(uptime_of(oldest)));
  sample.values["state"] = json::string(state_word(oldest.state));
  return sample;
}

}  // namespace

extern const Kind kind_process;
const Kind kind_process = kind_of<Processes>({
    .name = "process",
    .about = "Counts the processes that match a selector and looks at the oldest of them.",
    .limits =
        "Reads /proc of this host's process namespace; kernel threads and the dead that "
        "nobody has reaped (zombies) are not counted, nor, by command line, squall and those that "
        "started it. The age has the kernel's resolution of "
        "10 ms.",
    .example = R"({"process": {"select": {"name": "redis-server"}},
                   "expect": {"count": 1, "uptime": "> 1 s", "state": "!= stopped"}})",
    .table = &table,
    .values = {{"count", "whole number", "How many processes match; `count: 0` demands none."},
               {"oldest_pid", "whole number", "The process id of the one that started first."},
               {"uptime", "duration", "How long the oldest has been running."},
               {"state", "text",
                "What the oldest does: running, sleeping, waiting (for a device), stopped, traced "
                "or idle."}},
    .reached = "Whether at least one process matches.",
    .check = check,
    .take = take,
});

}  // namespace squall::probe
