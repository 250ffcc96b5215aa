#include "reach/processes.h"

#include "sys/process.h"

namespace squall::reach {

json::array identities(const std::vector<std::int64_t>& pids) {
  json::array processes;
  for (const std::int64_t pid : pids) {
    const Result<sys::Process> process = sys::read_process(pid);
    if (!process.ok()) continue;
    processes.push_back(
        {{"pid", pid}, {"start_ticks", static_cast<std::int64_t>(process->id.start_ticks)}});
  }
  return processes;
}

}  // namespace squall::reach
