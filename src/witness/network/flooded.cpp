// network.flooded: sees whether much more data arrives at a TCP service than before.
//
// It asks the kernel for the counters of the sockets at the service's port (tcp_arrivals.h), from
// inside its network namespace, and sends nothing itself. A small request is one segment; one that
// is larger than a segment counts as several. What arrives anyway is measured at the start and
// taken off. It does not know who sends.
#include <memory>

#include "witness/arrival_meter.h"
#include "witness/tcp_arrivals.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

struct Target {
  std::int64_t port = 0;
  std::string network_namespace;
  Rate rate;
};

const param::Table<Target> table{{
    param::field("port", &Target::port,
                 {.about = "Of the service.", .required = true, .min = 1, .max = 65535}),
    param::field("namespace", &Target::network_namespace,
                 {.about = "Path of the network namespace to look in; empty means our own."}),
    param::field(
        "rate", &Target::rate,
        {.about = "How many segments should arrive on top.", .required = true, .min = Rate{0.1}}),
}};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  const auto arrivals = std::make_shared<TcpArrivals>(
      TRY(TcpArrivals::open(static_cast<int>(target.port), target.network_namespace)));
  return watch_arrivals(target.rate, "segments", [arrivals] { return arrivals->count(); });
}

}  // namespace

extern const Kind kind_network_flooded;
const Kind kind_network_flooded = kind_of<Target>({
    .name = "network.flooded",
    .about = "Whether more data arrives at a service than before, told by the kernel's counters.",
    .dose_unit = "segments a second",
    .every = arrivals_every,
    .comes_and_goes = true,
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
