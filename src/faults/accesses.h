// What file.errno and file.delay share: which accesses are meant, by which means the kernel is
// asked, and the text of their pages.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/selector.h"
#include "faults/fault.h"

namespace squall::fault {

struct Accesses {
  enum class On { open, read, use };
  std::string path;
  On on = On::use;
  Share share{1};
  Selector select;  // empty: everybody
};

std::vector<std::pair<std::string, Accesses::On>> access_words();
inline constexpr std::string_view access_about =
    "open: opening; read: reading; use: any use of the content (reading, writing, cutting, "
    "mapping).";

std::vector<sys::Need> access_needs(const sys::HostFacts& host);
Wants access_wants(const Accesses& accesses);

// The request of a file.access change, but for what is answered. `any_error`: other errors than
// EPERM are wanted. Code::unsupported when this kernel has no such events.
Result<json::object> access_request(const Accesses& accesses, bool any_error, const Facts& facts,
                                    std::uint64_t seed);
// How often a witness must try in one look, so that it misses a share only once in 400 looks.
std::int64_t access_attempts(Share share);
std::string_view access_word(Accesses::On on);

inline constexpr std::string_view access_undo =
    "The fanotify group is closed; what waits is let through. The kernel does that by itself when "
    "the holder dies. A holder that hangs is killed by the guardian, and after 1.5 s by a watchdog "
    "of its own.";

inline constexpr std::string_view access_limits =
    "Only files that are opened after the fault began are concerned: a program that holds a file "
    "open goes on using it, so this shows on files that are opened anew, or when the program is "
    "restarted. Files in folders made meanwhile are left out. Reading and writing cannot be told "
    "apart with `use`; a program that maps the file is killed by SIGBUS where a page is refused. "
    "fsync, renaming and listing are not concerned. squall's own processes are spared, its file "
    "probe too: probe with a program, as others would. With `select` only the processes found are "
    "meant, not what they start later. Accesses by name in other mounts of the same file count "
    "too.";

}  // namespace squall::fault
