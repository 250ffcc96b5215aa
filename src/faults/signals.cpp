#include "faults/signals.h"

#include <csignal>

#include <fmt/core.h>

#include "sys/process.h"

namespace squall::fault {
namespace {

bool lets_live(int signal) {
  switch (signal) {
    case SIGCHLD:
    case SIGCONT:
    case SIGURG:
    case SIGWINCH:
    case SIGSTOP:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
      return true;
    default:
      return false;
  }
}

}  // namespace

Status check_ending_signal(const std::string& signal, const std::string& victim,
                           const std::string& instead) {
  const int number = TRY(sys::parse_signal(signal), "signal");
  if (!lets_live(number)) return ok();
  return error(Code::invalid,
               fmt::format("signal: {} ends no {}", sys::signal_name(number), victim),
               "use KILL, TERM, INT, HUP, ABRT or SEGV; " + instead);
}

}  // namespace squall::fault
