#include "witness/containers.h"

#include <fmt/core.h>
#include <sys/stat.h>

#include "core/text.h"
#include "sys/container.h"
#include "sys/file.h"
#include "sys/patience.h"

namespace squall::witness {
namespace {

constexpr Duration ask_limit = seconds(2);
constexpr Duration running_limit = seconds(2);

bool says(const std::string& file, std::string_view words) {
  const Result<std::string> text = sys::read_file(file, 4096);
  return text.ok() && text->find(words) != std::string::npos;
}

// Whether it is process 1 of a pid namespace of its own: main processes of containers are, unless
// they share the namespace of the host or of another container.
bool is_first_of_its_namespace(std::int64_t pid) {
  const Result<std::string> status = sys::read_file(fmt::format("/proc/{}/status", pid), 1 << 16);
  if (!status.ok()) return false;
  for (const std::string& line : split(*status, '\n')) {
    if (line.starts_with("NSpid:")) return line.ends_with("\t1");
  }
  return false;
}

}  // namespace

Result<ContainerView> ContainerView::open(const ContainerPlace& place) {
  sys::Patience patience(running_limit);
  while (true) {
    sys::Patience asking(ask_limit);
    const net::Container container =
        TRY(net::find_container(place.socket, place.container, asking));
    const Result<sys::Process> main = sys::read_process(container.pid);
    if (container.is_running && main.ok()) {
      std::vector<std::string> groups = sys::container_groups(main->id, container.id);
      Result<sys::Fd> pidfd = sys::open_process(main->id);
      if (pidfd.ok() && !groups.empty()) {
        ContainerView view(main->id, std::move(*pidfd), std::move(groups));
        view.has_namespace_ = is_first_of_its_namespace(main->id.pid);
        return view;
      }
    }
    if (patience.is_over() && container.is_running) {
      return error(Code::unsupported,
                   fmt::format("the main process {} of {} is not to be seen here", container.pid,
                               container.name),
                   "run squall where the daemon runs, in the same pid namespace");
    }
    if (patience.is_over()) {
      return error(Code::not_found,
                   fmt::format("{} does not run: it is {}", container.name, container.status),
                   "start it first: a drill begins with a healthy target");
    }
    sys::Patience(milliseconds(5)).wait({});
  }
}

bool ContainerView::first_has_ended() const {
  return sys::wait_for_end(pidfd_, {});
}

// Whoever else ran in the container ends with its main process, but perhaps a moment later. Where
// it has a pid namespace of its own, they are told from a later life by their number in it.
std::optional<sys::Process> ContainerView::successor() const {
  if (!first_has_ended()) return std::nullopt;
  for (const sys::Process& process : sys::container_processes(groups_)) {
    const bool is_later = process.id.start_ticks > first_.start_ticks;
    if (!is_later || (has_namespace_ && !is_first_of_its_namespace(process.id.pid))) continue;
    return process;
  }
  return std::nullopt;
}

bool ContainerView::is_frozen() const {
  for (const std::string& group : groups_) {
    if (says(group + "/freezer.state", "FROZEN") || says(group + "/cgroup.events", "frozen 1")) {
      return true;
    }
  }
  return false;
}

Result<std::vector<std::string>> ContainerView::interfaces() const {
  const std::string file = fmt::format("/proc/{}/net/dev", first_.pid);
  const Result<std::string> text = sys::read_file(file, 1 << 20);
  if (first_has_ended()) return error(Code::not_found, "its main process has ended");
  std::vector<std::string> names;
  for (const std::string& line : split(TRY(text), '\n')) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    std::string name(trim(std::string_view(line).substr(0, colon)));
    if (name != "lo") names.push_back(std::move(name));
  }
  return names;
}

}  // namespace squall::witness
