// How soon a thread gets a CPU once it has something to do.
//
// Whoever measures a host that is busy must not wait in the queue with everybody else: else the
// load, which may be squall's own, is in the figures of the target. A thread that sleeps nearly all
// the time may therefore go before all ordinary ones, at the lowest real-time priority; the kernel
// keeps a share of each CPU from such threads (sched_rt_runtime_us), and other real-time tasks of
// the host go first. Children and new threads inherit nothing of it.
#pragma once

#include <string_view>

#include "core/duration.h"

namespace squall::sys {

enum class Promptness {
  real_time,  // SCHED_RR at priority 1: before every ordinary thread
  favoured,   // a nice value of -10: the greater share, but in the same queue
  ordinary,
};

// Makes the calling thread as prompt as this host allows it, and says how prompt that is. Needs
// CAP_SYS_NICE, or RLIMIT_RTPRIO.
Promptness run_promptly();
// Back among the ordinary threads, for a stretch of real work.
void run_ordinarily();
// "before all ordinary threads (SCHED_RR 1)".
std::string_view promptness_words(Promptness promptness);

}  // namespace squall::sys
