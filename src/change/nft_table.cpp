// nft.table: packets that match a rule are dropped or rejected.
//
// Held: the rules stand in an nftables table which belongs to a netlink socket of the holder
// process (owner flag). Nobody else can change it, and the kernel removes it with the socket, by
// whatever the holder ends. What the rules match and what they cannot is told in sys/nft.h.
//
// The network namespace is named by a path such as /proc/PID/ns/net. Its inode is on record, so
// that the holder refuses another one which got the path meanwhile; when the path is gone and the
// table can no longer be looked at, the life of the holder says whether it is in force.
#include <cerrno>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include "change/typed.h"
#include "core/text.h"
#include "sys/file.h"
#include "sys/nft.h"

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

// One rule as it travels; port 0 means any.
struct Rule {
  sys::NftDirection direction = sys::NftDirection::both;
  sys::NftAction action = sys::NftAction::drop;
  std::string peer;
  std::int64_t local_port = 0;
  std::int64_t remote_port = 0;
  sys::NftProtocol protocol = sys::NftProtocol::any;
};

const param::Table<Rule> rule_table{{
    param::choice("direction", &Rule::direction,
                  {{"in", sys::NftDirection::in},
                   {"out", sys::NftDirection::out},
                   {"both", sys::NftDirection::both}},
                  "Which way the packets go."),
    param::choice("action", &Rule::action,
                  {{"drop", sys::NftAction::drop}, {"reject", sys::NftAction::reject}},
                  "What becomes of them."),
    param::field("peer", &Rule::peer, {.about = "The remote address or network; empty for all."}),
    param::field("local_port", &Rule::local_port,
                 {.about = "The port on this side; 0 for all.", .min = 0, .max = 65535}),
    param::field("remote_port", &Rule::remote_port,
                 {.about = "The port on the peer's side; 0 for all.", .min = 0, .max = 65535}),
    param::choice("protocol", &Rule::protocol,
                  {{"tcp", sys::NftProtocol::tcp},
                   {"udp", sys::NftProtocol::udp},
                   {"any", sys::NftProtocol::any}},
                  "Which protocol."),
}};

std::optional<std::uint16_t> port_of(std::int64_t number) {
  if (number == 0) return std::nullopt;
  return static_cast<std::uint16_t>(number);
}

Result<std::vector<sys::NftRule>> rules_of(const NftTable& params) {
  if (!params.name.starts_with("squall_")) {
    return error(Code::invalid,
                 fmt::format("the table {} must be called squall_...", quote(params.name)));
  }
  const json::array* items = params.rules.if_array();
  std::vector<sys::NftRule> rules;
  for (std::size_t i = 0; items != nullptr && i < items->size(); ++i) {
    const json::object* item = items->at(i).if_object();
    if (item == nullptr) return error(Code::invalid, fmt::format("rule {} is no mapping", i));
    const Rule rule = TRY(rule_table.from_json(*item), fmt::format("reading rule {}", i));
    rules.push_back({.action = rule.action,
                     .direction = rule.direction,
                     .protocol = rule.protocol,
                     .peer = rule.peer,
                     .remote_port = port_of(rule.remote_port),
                     .local_port = port_of(rule.local_port)});
    TRY_VOID(sys::check_rule(rules.back()), fmt::format("reading rule {}", i));
  }
  if (rules.empty()) return error(Code::invalid, "there are no rules");
  return rules;
}

// An open namespace; without a descriptor it is the caller's own.
struct Place {
  sys::Fd fd;
  std::string identity;  // device and inode of the namespace

  std::optional<int> number() const {
    return fd.valid() ? std::optional<int>(fd.get()) : std::nullopt;
  }
};

Result<Place> open_place(const NftTable& params) {
  const bool is_own = params.network_namespace.empty();
  sys::Fd fd = TRY(sys::open_file(is_own ? "/proc/thread-self/ns/net" : params.network_namespace,
                                  O_RDONLY | O_NONBLOCK),
                   "opening the network namespace");
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return errno_error(errno, "looking at the namespace");
  Place place{.identity = fmt::format("{}:{}", status.st_dev, status.st_ino)};
  if (!is_own) place.fd = std::move(fd);
  return place;
}

Result<Footprint> footprint(const NftTable& params) {
  const Place place = TRY(open_place(params));
  Footprint touched;
  touched.resources = {fmt::format("nft table {} in {}", params.name, place.identity)};
  constexpr std::array protocols{"any", "tcp", "udp"};
  for (const sys::NftRule& rule : TRY(rules_of(params))) {
    touched.cuts.push_back({.network_namespace = params.network_namespace,
                            .peer = rule.peer,
                            .local_port = rule.local_port.value_or(0),
                            .remote_port = rule.remote_port.value_or(0),
                            .protocol = protocols[static_cast<std::size_t>(rule.protocol)]});
  }
  return touched;
}

Result<json::object> capture(const NftTable& params) {
  const Place place = TRY(open_place(params));
  TRY_VOID(rules_of(params));
  // Whether the kernel takes the rules shows when they are made. A rehearsal would cost three times
  // as much: the kernel takes a batch back more slowly than it carries one out.
  if (TRY(sys::nft_table_state(params.name, place.number())).exists) {
    return error(Code::conflict, fmt::format("a table inet {} exists already", params.name),
                 "is the same plan running twice? see squall status");
  }
  return json::object{{"namespace", place.identity}};
}

class HeldTable : public Held {
 public:
  explicit HeldTable(sys::NftOwnerTable owned) : owned_(std::move(owned)) {}
  json::object facts() const override { return {{"table", "inet " + owned_.name()}}; }

 private:
  sys::NftOwnerTable owned_;  // its socket closes with this, and the kernel removes the table
};

Result<std::unique_ptr<Held>> hold(const NftTable& params, const json::object& before) {
  const Place place = TRY(open_place(params));
  if (place.identity != text_at(before, "namespace")) {
    return error(Code::conflict, fmt::format("{} became another network namespace",
                                             printable(params.network_namespace)));
  }
  sys::NftOwnerTable owned =
      TRY(sys::NftOwnerTable::create(params.name, TRY(rules_of(params)), place.number()));
  return std::unique_ptr<Held>(std::make_unique<HeldTable>(std::move(owned)));
}

Result<Presence> verify(const NftTable& params, const json::object& before) {
  const Result<Place> place = open_place(params);
  if (!place.ok() || place->identity != text_at(before, "namespace")) {
    const sys::ProcessId holder{integer_at(before, "holder_pid"),
                                static_cast<std::uint64_t>(integer_at(before, "holder_start"))};
    return holder.pid != 0 && sys::is_alive(holder) ? Presence::in_force : Presence::absent;
  }
  const sys::NftTableState state = TRY(sys::nft_table_state(params.name, place->number()));
  return state.exists ? Presence::in_force : Presence::absent;
}

std::string describe(const NftTable& params) {
  std::string where = params.network_namespace.empty()
                          ? "the host's network namespace"
                          : "the network namespace " + printable(params.network_namespace);
  const Result<std::vector<sys::NftRule>> rules = rules_of(params);
  if (!rules.ok()) return "(" + rules.error().message + ")";
  std::string text;
  for (const sys::NftRule& rule : *rules) text += (text.empty() ? "" : "; ") + sys::describe(rule);
  return fmt::format("in {}: {}", where, text);
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
