#include "faults/containers.h"

#include <fmt/core.h>

#include "core/text.h"
#include "faults/needs.h"
#include "sys/container.h"

namespace squall::fault {

json::object identity(const Container& container) {
  return {{"container", container.container}, {"socket", container.socket}};
}

std::string describe(const Container& container) {
  return "container " + printable(container.container);
}

Status check_container(const Container& container) {
  if (!sys::is_container_name(container.container)) {
    return error(Code::invalid,
                 fmt::format("container: {} is not the name or id of a container",
                             quote(container.container)),
                 "name it as \"docker ps\" does: letters, digits, \"_\", \".\" and \"-\"");
  }
  if (container.socket.starts_with('/')) return ok();
  return error(Code::invalid,
               fmt::format("socket: {} is not an absolute path", quote(container.socket)),
               "name the unix socket of the daemon: /run/docker.sock");
}

Status check_grace(Duration grace) {
  if (grace.nanoseconds % seconds(1).nanoseconds == 0) return ok();
  return error(Code::invalid, fmt::format("grace: {} is no number of whole seconds", render(grace)),
               "container daemons count it in seconds: 0 s, 1 s, 2 s");
}

std::vector<sys::Need> container_needs(const sys::HostFacts&) {
  return {note("a container daemon with Docker's interface that answers on `socket`, and has the "
               "container running"),
          note("the right to write to its socket: root, or its group"),
          note("the pid namespace of the daemon: squall finds the container's processes by the "
               "pids that it tells")};
}

}  // namespace squall::fault
