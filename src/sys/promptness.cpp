#include "sys/promptness.h"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

namespace squall::sys {
namespace {

constexpr int favoured_nice = -10;

// Each of these acts on the calling thread alone, as the kernel means it (sched(7)).
bool set_policy(int policy, int priority) {
  const sched_param wanted{.sched_priority = priority};
  return ::sched_setscheduler(0, policy | SCHED_RESET_ON_FORK, &wanted) == 0;
}
bool set_nice(int nice) {
  return ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), nice) == 0;
}

}  // namespace

Promptness run_promptly() {
  if (set_policy(SCHED_RR, 1)) return Promptness::real_time;
  if (set_policy(SCHED_OTHER, 0) && set_nice(favoured_nice)) return Promptness::favoured;
  return Promptness::ordinary;
}

void run_ordinarily() {
  static_cast<void>(set_policy(SCHED_OTHER, 0));
  if (::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid())) == favoured_nice) set_nice(0);
}

std::string_view promptness_words(Promptness promptness) {
  switch (promptness) {
    case Promptness::real_time:
      return "before all ordinary threads (SCHED_RR 1)";
    case Promptness::favoured:
      return "as an ordinary thread with a nice value of -10";
    case Promptness::ordinary:
      break;
  }
  return "as an ordinary thread";
}

}  // namespace squall::sys
