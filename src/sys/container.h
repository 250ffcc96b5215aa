// Containers, as the kernel shows them: by the ids in the paths of their control groups.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "sys/process.h"

namespace squall::sys {

// The ids of the containers that a process stands in, the outermost first, from the text of its
// /proc/PID/cgroup. Docker, containerd, CRI-O and Podman all put the id, 64 hexadecimal digits,
// into the path: "/docker/ID", "docker-ID.scope", "cri-containerd-ID.scope", "libpod-ID".
std::vector<std::string> container_ids(std::string_view proc_cgroup);

// Whether one of them is, or starts with, `id`. False when the process is gone.
bool is_in_container(std::int64_t pid, std::string_view id);

// Whether container daemons could give this name, or could know a container by it as its id or the
// beginning of one: a letter or digit, then letters, digits, "_", "." and "-"; 255 at most.
bool is_container_name(std::string_view text);
// Whether these are the 64 digits of a whole id.
bool is_container_id(std::string_view text);

// The directories of a container's control group, one in each mounted hierarchy that has it, from
// where its main process stands. Empty when that process is gone or stands in no group whose name
// holds the id.
std::vector<std::string> container_groups(ProcessId main, std::string_view id);
// The living processes in these directories and below them, the oldest first. Zombies are left out,
// and so is the container runtime's own process that becomes the main process (runc:[2:INIT]).
std::vector<Process> container_processes(const std::vector<std::string>& groups);

// Names that container runtimes make up anew each time a container starts: of the host's end of its
// link ("veth" and at least 7 hexadecimal digits), and of the mount that keeps its network
// namespace (12 hexadecimal digits, or "netns-" and more of them).
bool is_made_up_link(std::string_view name);
bool is_made_up_namespace(std::string_view name);

}  // namespace squall::sys
