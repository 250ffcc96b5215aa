// Containers, as the kernel shows them: by the ids in the paths of their control groups.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace squall::sys {

// The ids of the containers that a process stands in, the outermost first, from the text of its
// /proc/PID/cgroup. Docker, containerd, CRI-O and Podman all put the id, 64 hexadecimal digits,
// into the path: "/docker/ID", "docker-ID.scope", "cri-containerd-ID.scope", "libpod-ID".
std::vector<std::string> container_ids(std::string_view proc_cgroup);

// Whether one of them is, or starts with, `id`. False when the process is gone.
bool is_in_container(std::int64_t pid, std::string_view id);

}  // namespace squall::sys
