// network.latency: packets arrive late, as over a long or a crowded line.
//
// The packets of a peer or port go through a queue of the packet engine (packets/engine.h), where
// each waits for its time. Whoever is the victim, TCP keeps its speed as far as the delay lets it:
// what waits is on the receiving side, or a copy.
#include "faults/packet_place.h"
#include "faults/typed.h"

namespace squall::fault {
namespace {

using packets::Spread;

struct Latency : PacketPlace {
  Latency() { direction = sys::NftDirection::in; }
  Duration delay = milliseconds(50);
  Duration jitter;
  Spread distribution = Spread::uniform;
  Share correlation;
  bool reorder = false;
  std::string bypass;
};

const param::Table<Latency> table{with_packets<Latency>({
    param::field("delay", &Latency::delay,
                 {.about = "How much later each packet arrives.",
                  .min = milliseconds(1),
                  .max = minutes(1),
                  .typical_low = milliseconds(5),
                  .typical_high = milliseconds(500)}),
    param::field("jitter", &Latency::jitter,
                 {.about = "By how much that strays; see distribution.",
                  .max = minutes(1),
                  .typical_low = milliseconds(0),
                  .typical_high = milliseconds(5)}),
    param::choice(
        "distribution", &Latency::distribution,
        {{"uniform", Spread::uniform}, {"normal", Spread::normal}, {"pareto", Spread::pareto}},
        "uniform: evenly within delay ± jitter; normal: jitter is the standard "
        "deviation; pareto: delay is the least, and a heavy tail beyond it has jitter "
        "for its mean."),
    param::field("correlation", &Latency::correlation,
                 {.about = "How much the jitter of a packet resembles that of the one before.",
                  .max = Share{1}}),
    param::field("reorder", &Latency::reorder,
                 {.about = "Whether a packet with less delay may overtake an earlier one."}),
    param::field("bypass", &Latency::bypass,
                 {.about = "address:port which the fault does not meet: a second witness goes "
                           "there, and what both feel is not taken for the fault. A port that "
                           "refuses connections will do."}),
})};

packets::Treatment treatment_of(const Latency& latency) {
  return {.delay = latency.delay,
          .jitter = latency.jitter,
          .distribution = latency.distribution,
          .correlation = latency.correlation,
          .keeps_order = !latency.reorder};
}

Status check(const Latency& latency) {
  TRY_VOID(packets::check(treatment_of(latency)));
  TRY_VOID(check_packet_place(latency));
  if (latency.bypass.empty()) return ok();
  const Endpoint bypass = TRY(parse_endpoint(latency.bypass), "bypass");
  if (!coverage_of(latency, bypass).any()) return ok();
  return error(Code::invalid, "bypass: a connection there would meet the fault too",
               "name another port, which the fault is not about");
}

Wants wants(const Latency& latency) {
  return wants_of(latency);
}

Result<Strike> plan(const Latency& latency, const Facts& facts, const Choices& choices,
                    std::uint64_t ordinal) {
  const Endpoint endpoint = TRY(endpoint_of(latency));
  const Duration expected = latency.delay * crossings_of(latency, endpoint);
  json::object watch{{"delay", render(expected)}};
  if (!latency.bypass.empty()) {
    const Endpoint bypass = TRY(parse_endpoint(latency.bypass));
    watch["bypass_host"] = bypass.host;
    watch["bypass_port"] = bypass.port;
  }
  const packets::Treatment treatment = treatment_of(latency);
  return plan_treatment(latency,
                        {.treatment = treatment,
                         .witness = "network.slow",
                         .watch = std::move(watch),
                         .within = seconds(2) + treatment.longest() * 4},
                        facts, choices, ordinal);
}

}  // namespace

extern const Kind kind_network_latency;
const Kind kind_network_latency = kind_of<Latency>({
    .name = "network.latency",
    .summary = "Packets of a peer or port arrive late, by a fixed time or by one that strays.",
    .mechanism =
        "Rules in an nftables table of their own send the packets to a queue (NFQUEUE), where a "
        "real-time thread of squall lets each go when its time has come. Arriving packets wait in "
        "the kernel; of those that leave, a copy waits and is sent then, so that TCP is not "
        "throttled. No netem is needed. Which packet waits for how long follows from the seed.",
    .undo = "What waits is let go, and the table and the queue are closed with the process that "
            "owns them. If squall dies, the kernel removes both at once: what waits at that moment "
            "is lost, and everything later passes. If it hangs, packets pass as soon as the queue "
            "is full, and the guardian ends it after a second.",
    .limits =
        "It acts on a whole network namespace, as network.block does, and on a round trip once for "
        "each direction that is asked for. Forwarded packets are met only inside the container's "
        "own namespace. With direction out, datagrams longer than 1280 bytes wait in the kernel, "
        "where they count as the sender's. Beyond 65,535 waiting packets more pass at once. When "
        "other packet filters of the namespace are removed meanwhile, what waits is lost. Packets "
        "that leave are marked with one bit.",
    .accuracy =
        "50 ms asked at 20 000 packets a second: 0.06 ms off in the median and 0.26 ms at 99 %, "
        "also beside two processes that take all CPU they get.",
    .example = R"({"delay": "50 ms", "jitter": "10 ms", "peer": "10.0.0.5", "port": 6379})",
    .table = &table,
    .needs = packet_queue_needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
