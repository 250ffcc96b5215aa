// network.corrupt: packets arrive damaged, as over a bad cable or through a bad switch.
//
// The packets of a peer or port go through a queue of the packet engine (packets/engine.h), which
// turns over one bit behind the network header of some of them and leaves the checksum as it was.
// The receiver's kernel finds out and throws them away, so their users feel a loss.
#include <cmath>

#include "faults/packet_place.h"
#include "faults/typed.h"

namespace squall::fault {
namespace {

struct Corrupt : PacketPlace {
  Corrupt() { direction = sys::NftDirection::in; }
  Share share{0.05};
};

const param::Table<Corrupt> table{with_packets<Corrupt>({
    param::field("share", &Corrupt::share,
                 {.about = "The part of the packets that is damaged.",
                  .min = Share{0.005},
                  .max = Share{1},
                  .typical_low = Share{0.01},
                  .typical_high = Share{0.3}}),
})};

Status check(const Corrupt& corrupt) {
  return check_packet_place(corrupt);
}

Wants wants(const Corrupt& corrupt) {
  return wants_of(corrupt);
}

Result<Strike> plan(const Corrupt& corrupt, const Facts& facts, const Choices& choices,
                    std::uint64_t ordinal) {
  const Endpoint endpoint = TRY(endpoint_of(corrupt));
  // An exchange fails when either of its packets that meet the fault is damaged.
  const Share felt{1 - std::pow(1 - corrupt.share.fraction, crossings_of(corrupt, endpoint))};
  return plan_treatment(corrupt,
                        {.treatment = {.corrupt = corrupt.share},
                         .witness = "network.lossy",
                         .watch = {{"share", render(felt)}},
                         .within = seconds(20)},
                        facts, choices, ordinal);
}

}  // namespace

extern const Kind kind_network_corrupt;
const Kind kind_network_corrupt = kind_of<Corrupt>({
    .name = "network.corrupt",
    .summary = "Packets of a peer or port arrive damaged and are thrown away by their receiver.",
    .mechanism =
        "Rules in an nftables table of their own send the packets to a queue (NFQUEUE), where "
        "squall turns over one bit of some of them, in the header of TCP or UDP or in the data. "
        "The checksum stays as it was, so the receiver's kernel finds the damage, counts it "
        "(InCsumErrors) and throws the packet away. Which packets and which bits follows from the "
        "seed.",
    .undo = "The table and the queue are closed with the process that owns them. If squall dies, "
            "the kernel removes both at once, and everything passes. If it hangs, packets pass as "
            "soon as the queue is full, and the guardian ends it after a second.",
    .limits =
        "It acts on a whole network namespace, as network.block does. No damage reaches an "
        "application: what the checksums find is lost, and TCP repeats it. Fragments, and "
        "datagrams "
        "of UDP without a checksum, are different: the former stay as they are, of the latter the "
        "data arrives damaged. Packets that leave are damaged before the network card sees them.",
    .example = R"({"share": "5 %", "peer": "10.0.0.5", "port": 6379})",
    .table = &table,
    .needs = packet_queue_needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
