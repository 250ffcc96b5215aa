// The state folder: where the journal, the lock, the socket and the emergency file live.
#pragma once

#include <optional>
#include <string>

#include "core/duration.h"
#include "core/result.h"
#include "sys/fd.h"

namespace squall::guardian {

// $SQUALL_STATE, else /var/lib/squall for root, else $XDG_STATE_HOME/squall or
// ~/.local/state/squall.
std::string default_state_folder();
// Makes the folder (mode 0700) and checks that it is ours and writable. The error says what to do.
Status prepare_state_folder(const std::string& folder);

// The lock that only one guardian holds; released by the kernel when its holder dies. Waits up to
// `limit` for a dying predecessor. Code::conflict when somebody else keeps it.
Result<sys::Fd> take_state_lock(const std::string& folder, Duration limit);
bool is_state_locked(const std::string& folder);

// The emergency file: while it exists everything is reverted and nothing new starts. An operator
// may make it with touch(1).
std::string stop_file(const std::string& folder);
// Why runs are stopped now; empty when they are not.
std::optional<std::string> stop_reason(const std::string& folder);
Status raise_stop(const std::string& folder, const std::string& reason);
Status clear_stop(const std::string& folder);

// Unix sockets take at most 107 bytes of path; going through an open folder makes any length work.
Result<sys::Fd> listen_in(const std::string& folder);
Result<sys::Fd> connect_in(const std::string& folder);

}  // namespace squall::guardian
