// What the proxies of a process have carried, as Prometheus reads it.
#pragma once

#include <string>

#include "proxy/proxy.h"

namespace squall::proxy {

// In the text format, version 0.0.4.
std::string metrics(const Proxies& proxies);

}  // namespace squall::proxy
