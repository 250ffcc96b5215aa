// The sample of a probe over the network that got no answer.
#pragma once

#include "net/socket.h"
#include "probes/probe.h"

namespace squall::probe {

// `reached: no` is claimed only when the error speaks of the target; an error of this host (no
// descriptors left, no right to enter a namespace, a stop) leaves it open.
inline Sample unreached(const Error& error) {
  Sample sample;
  sample.problem = error.render();
  if (net::is_about_target(error)) sample.values["reached"] = false;
  return sample;
}

}  // namespace squall::probe
