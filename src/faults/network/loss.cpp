// network.loss: packets are lost, each for itself, in bursts, or every n-th.
//
// The packets of a peer or port go through a queue of the packet engine (packets/engine.h), which
// drops some of them: silently, as a network does. Which ones follows from the seed.
#include <cmath>

#include <fmt/core.h>

#include "faults/packet_place.h"
#include "faults/typed.h"

namespace squall::fault {
namespace {

struct Loss : PacketPlace {
  Loss() { direction = sys::NftDirection::in; }
  Share share{0.05};
  double burst = 0;
  std::int64_t every = 0;
};

const param::Table<Loss> table{with_packets<Loss>({
    param::field("share", &Loss::share,
                 {.about = "The part of the packets that is lost.",
                  .min = Share{0.005},
                  .max = Share{1},
                  .typical_low = Share{0.01},
                  .typical_high = Share{0.3}}),
    param::field("burst", &Loss::burst,
                 {.about = "The mean length of a burst of lost packets (Gilbert-Elliott); 0: each "
                           "is lost for itself.",
                  .min = 0.0,
                  .max = 1000.0}),
    param::field("every", &Loss::every,
                 {.about = "Every so-manieth packet is lost, in place of a share; 0: none.",
                  .min = 0,
                  .max = 200}),
})};

packets::Treatment treatment_of(const Loss& loss) {
  if (loss.every > 0) return {.drop_every = loss.every};
  return {.loss = loss.share, .burst = loss.burst};
}

double share_of(const Loss& loss) {
  return loss.every > 0 ? 1.0 / static_cast<double>(loss.every) : loss.share.fraction;
}

Status check(const Loss& loss) {
  if (loss.every > 0 && loss.burst > 0) {
    return error(Code::invalid, "every and burst are both given", "leave one of them out");
  }
  TRY_VOID(packets::check(treatment_of(loss)));
  return check_packet_place(loss);
}

Wants wants(const Loss& loss) {
  return wants_of(loss);
}

Result<Strike> plan(const Loss& loss, const Facts& facts, const Choices& choices,
                    std::uint64_t ordinal) {
  const Endpoint endpoint = TRY(endpoint_of(loss));
  // An exchange fails when either of its packets that meet the fault is lost.
  const Share felt{1 - std::pow(1 - share_of(loss), crossings_of(loss, endpoint))};
  json::object watch{{"share", render(felt)}, {"burst", std::max(loss.burst, 1.0)}};
  return plan_treatment(loss,
                        {.treatment = treatment_of(loss),
                         .witness = "network.lossy",
                         .watch = std::move(watch),
                         .within = seconds(20)},
                        facts, choices, ordinal);
}

}  // namespace

extern const Kind kind_network_loss;
const Kind kind_network_loss = kind_of<Loss>({
    .name = "network.loss",
    .summary = "Packets of a peer or port are lost, each for itself, in bursts, or every n-th.",
    .mechanism =
        "Rules in an nftables table of their own send the packets to a queue (NFQUEUE), where "
        "squall drops some of them without a word. Bursts come from a chain of two states "
        "(Gilbert-Elliott) with the share and the mean length that are asked for. Which packets "
        "are lost follows from the seed and their number, so that the same traffic loses the same "
        "packets.",
    .undo = "The table and the queue are closed with the process that owns them. If squall dies, "
            "the kernel removes both at once, and everything passes. If it hangs, packets pass as "
            "soon as the queue is full, and the guardian ends it after a second.",
    .limits =
        "It acts on a whole network namespace, as network.block does, and on a round trip once for "
        "each direction that is asked for. Forwarded packets are met only inside the container's "
        "own namespace. TCP repeats what was lost, so its users feel stalls and not losses; UDP "
        "does not. Each packet counts, those without data too. A share below 0.5 % could not be "
        "told within a reasonable time. The witness connects up to 800 times a second.",
    .accuracy = "5 % in bursts of 4 asked, 50 000 packets: 5.16 % lost in bursts of 4.02.",
    .example = R"({"share": "5 %", "burst": 4, "peer": "10.0.0.5", "port": 6379})",
    .table = &table,
    .needs = packet_queue_needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
