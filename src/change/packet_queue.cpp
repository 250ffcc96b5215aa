// packet.queue: packets that match a rule are late, lost, doubled, corrupted or out of order.
//
// Held: the holder process runs the packet engine (packets/engine.h), whose nftables table belongs
// to a netlink socket of its own. Whatever ends the holder takes table and queue away; what waits
// at that moment is lost, as on a network, and everything later passes. A holder that stands still
// is killed for its silence, and until then packets pass as soon as the queue is full. An orderly
// end lets go of what waits.
//
// Rules and namespaces are as in nft.table. One bit of the packet's mark is used for packets that
// leave, and while they are on their way. When other hooks of the namespace's packet filter go, the
// kernel throws away what waits.
#include <fmt/core.h>

#include "change/packet_rules.h"
#include "change/typed.h"
#include "packets/engine.h"

namespace squall::change {
namespace {

struct PacketQueue {
  std::string name;
  std::string network_namespace;
  json::value rules = json::array{};
  json::value treatment = json::object{};
  std::int64_t seed = 0;
};

const param::Table<PacketQueue> table{{
    param::field("name", &PacketQueue::name,
                 {.about = "Of the table; it begins with squall_.", .required = true}),
    param::field("namespace", &PacketQueue::network_namespace,
                 {.about = "Path of a network namespace; empty for squall's own."}),
    param::field("rules", &PacketQueue::rules,
                 {.about = "List of {direction, peer, local_port, remote_port, protocol}.",
                  .required = true}),
    param::field("treatment", &PacketQueue::treatment,
                 {.about = "What is done to the packets.", .required = true}),
    param::field("seed", &PacketQueue::seed, {.about = "Decides which packets are meant."}),
}};

// Of the kernel's memory, for a packet that waits: its buffer and what is kept about it.
constexpr std::uint64_t bytes_per_packet = 4096;

Result<std::vector<sys::NftRule>> rules_of(const PacketQueue& params) {
  TRY_VOID(check_own_name({params.name, params.network_namespace}));
  return read_packet_rules(params.rules, RuleActions::none);
}

Result<packets::Treatment> treatment_of(const PacketQueue& params) {
  const json::object* members = params.treatment.if_object();
  if (members == nullptr) return error(Code::invalid, "the treatment is no mapping");
  packets::Treatment treatment =
      TRY(packets::treatment_table.from_json(*members), "reading the treatment");
  TRY_VOID(packets::check(treatment));
  return treatment;
}

Result<Footprint> footprint(const PacketQueue& params) {
  const NetworkPlace place = TRY(open_network_place(params.network_namespace));
  const packets::Treatment treatment = TRY(treatment_of(params));
  Footprint touched {
    .cuts = cuts_of(TRY(rules_of(params)), params.network_namespace), .resources = {
      fmt::format("nft table {} in {}", params.name, place.identity)
    }
  };
  touched.demand.memory = Bytes{packets::Engine::room_for(treatment) * bytes_per_packet};
  touched.demand.processes = 2;  // the holder and its thread
  return touched;
}

Result<json::object> capture(const PacketQueue& params) {
  TRY_VOID(rules_of(params));
  TRY_VOID(treatment_of(params));
  return capture_own_table({params.name, params.network_namespace});
}

class HeldQueue final : public Held {
 public:
  explicit HeldQueue(std::unique_ptr<packets::Engine> engine) : engine_(std::move(engine)) {}
  json::object facts() const override {
    return {{"queue", engine_->queue_number()},
            {"room", static_cast<std::int64_t>(engine_->room())}};
  }
  bool is_intact() override { return engine_->is_serving(); }
  std::string finish() override { return packets::describe(engine_->stop()); }

 private:
  std::unique_ptr<packets::Engine> engine_;
};

Result<std::unique_ptr<Held>> hold(const PacketQueue& params, const json::object& before) {
  const NetworkPlace place = TRY(open_recorded_place(params.network_namespace, before));
  packets::Engine::Options options{
      .table = params.name,
      .choices = Choices(static_cast<std::uint64_t>(params.seed), "packet.queue"),
      .netns_fd = place.number()};
  options.rules = TRY(rules_of(params));
  options.treatment = TRY(treatment_of(params));
  std::unique_ptr<packets::Engine> engine = TRY(packets::Engine::start(std::move(options)));
  return std::unique_ptr<Held>(std::make_unique<HeldQueue>(std::move(engine)));
}

Result<Presence> verify(const PacketQueue& params, const json::object& before) {
  return own_table_presence({params.name, params.network_namespace}, before);
}

std::string describe(const PacketQueue& params) {
  const Result<std::vector<sys::NftRule>> rules = rules_of(params);
  const Result<packets::Treatment> treatment = treatment_of(params);
  if (!rules.ok()) return "(" + rules.error().message + ")";
  if (!treatment.ok()) return "(" + treatment.error().message + ")";
  std::string text;
  for (sys::NftRule rule : *rules) {
    rule.action = sys::NftAction::queue;
    text += (text.empty() ? "" : "; ") + sys::describe(rule);
  }
  return fmt::format("in {}: {}, and {}", describe_network_place(params.network_namespace), text,
                     packets::describe(*treatment));
}

std::string undo(const PacketQueue& params) {
  return fmt::format(
      "take the rules of the table {} out, let go of what waits, and end the process that owns "
      "them: the kernel removes both, also when squall dies",
      params.name);
}

}  // namespace

extern const Kind kind_packet_queue;
const Kind kind_packet_queue = make_kind<PacketQueue>({
    .name = "packet.queue",
    .about = "Packets that match a rule are late, lost, doubled, corrupted or out of order.",
    .keeping = Keeping::held,
    .table = &table,
    .footprint = footprint,
    .capture = capture,
    .hold = hold,
    .verify = verify,
    .describe = describe,
    .undo = undo,
});

}  // namespace squall::change
