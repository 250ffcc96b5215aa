// nft.table: packets that match a rule are dropped or rejected.
//
// Held: the rules stand in an nftables table which belongs to a netlink socket of the holder
// process (owner flag). Nobody else can change it, and the kernel removes it with the socket, by
// whatever the holder ends. What the rules match and what they cannot is told in sys/nft.h.
//
// The network namespace is named by a path such as /proc/PID/ns/net. Its inode is on record, so
// that the holder refuses another one which got the path meanwhile; when the path is gone and the
// table can no longer be looked at, the life of the holder says whether it is in force.
#include <fmt/core.h>

#include "change/packet_rules.h"
#include "change/typed.h"

namespace squall::change {
namespace {

struct NftTable {
  std::string name;
  std::string network_namespace;
  json::value rules = json::array{};
};

const param::Table<NftTable> table{{
    param::field("name", &NftTable::name,
                 {.about = "Of the table; it begins with squall_.", .required = true}),
    param::field("namespace", &NftTable::network_namespace,
                 {.about = "Path of a network namespace; empty for squall's own."}),
    param::field("rules", &NftTable::rules,
                 {.about = "List of {direction, action, peer, local_port, remote_port, protocol}.",
                  .required = true}),
}};

Result<std::vector<sys::NftRule>> rules_of(const NftTable& params) {
  TRY_VOID(check_own_name({params.name, params.network_namespace}));
  return read_packet_rules(params.rules, RuleActions::drop_or_reject);
}

Result<Footprint> footprint(const NftTable& params) {
  const NetworkPlace place = TRY(open_network_place(params.network_namespace));
  return Footprint {
    .cuts = cuts_of(TRY(rules_of(params)), params.network_namespace), .resources = {
      fmt::format("nft table {} in {}", params.name, place.identity)
    }
  };
}

// Whether the kernel takes the rules shows when they are made. A rehearsal would cost three times
// as much: the kernel takes a batch back more slowly than it carries one out.
Result<json::object> capture(const NftTable& params) {
  TRY_VOID(rules_of(params));
  return capture_own_table({params.name, params.network_namespace});
}

class HeldTable : public Held {
 public:
  explicit HeldTable(sys::NftOwnerTable owned) : owned_(std::move(owned)) {}
  json::object facts() const override { return {{"table", "inet " + owned_.name()}}; }

 private:
  sys::NftOwnerTable owned_;  // its socket closes with this, and the kernel removes the table
};

Result<std::unique_ptr<Held>> hold(const NftTable& params, const json::object& before) {
  const NetworkPlace place = TRY(open_recorded_place(params.network_namespace, before));
  sys::NftOwnerTable owned =
      TRY(sys::NftOwnerTable::create(params.name, TRY(rules_of(params)), place.number()));
  return std::unique_ptr<Held>(std::make_unique<HeldTable>(std::move(owned)));
}

Result<Presence> verify(const NftTable& params, const json::object& before) {
  return own_table_presence({params.name, params.network_namespace}, before);
}

std::string describe(const NftTable& params) {
  const Result<std::vector<sys::NftRule>> rules = rules_of(params);
  if (!rules.ok()) return "(" + rules.error().message + ")";
  std::string text;
  for (const sys::NftRule& rule : *rules) text += (text.empty() ? "" : "; ") + sys::describe(rule);
  return fmt::format("in {}: {}", describe_network_place(params.network_namespace), text);
}

std::string undo(const NftTable& params) {
  return fmt::format(
      "close the socket that owns the table {}: the kernel removes it, also when squall dies",
      params.name);
}

}  // namespace

extern const Kind kind_nft_table;
const Kind kind_nft_table = make_kind<NftTable>({
    .name = "nft.table",
    .about = "Packets that match a rule are dropped or rejected.",
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
