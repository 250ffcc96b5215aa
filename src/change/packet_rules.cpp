#include "change/packet_rules.h"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include "core/text.h"
#include "sys/file.h"

namespace squall::change {
namespace {

// One rule as it travels; port 0 means any.
struct Rule {
  sys::NftDirection direction = sys::NftDirection::both;
  sys::NftAction action = sys::NftAction::drop;
  std::string peer;
  std::int64_t local_port = 0;
  std::int64_t remote_port = 0;
  sys::NftProtocol protocol = sys::NftProtocol::any;
};

std::vector<param::Field<Rule>> fields_of(RuleActions actions) {
  std::vector<param::Field<Rule>> fields{
      param::choice("direction", &Rule::direction,
                    {{"in", sys::NftDirection::in},
                     {"out", sys::NftDirection::out},
                     {"both", sys::NftDirection::both}},
                    "Which way the packets go."),
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
  };
  if (actions == RuleActions::drop_or_reject) {
    fields.push_back(
        param::choice("action", &Rule::action,
                      {{"drop", sys::NftAction::drop}, {"reject", sys::NftAction::reject}},
                      "What becomes of them."));
  }
  return fields;
}

std::optional<std::uint16_t> port_of(std::int64_t number) {
  if (number == 0) return std::nullopt;
  return static_cast<std::uint16_t>(number);
}

}  // namespace

Result<std::vector<sys::NftRule>> read_packet_rules(const json::value& rules, RuleActions actions) {
  const param::Table<Rule> table{fields_of(actions)};
  const json::array* items = rules.if_array();
  std::vector<sys::NftRule> read;
  for (std::size_t i = 0; items != nullptr && i < items->size(); ++i) {
    const json::object* item = items->at(i).if_object();
    if (item == nullptr) return error(Code::invalid, fmt::format("rule {} is no mapping", i));
    const Rule rule = TRY(table.from_json(*item), fmt::format("reading rule {}", i));
    read.push_back({.action = rule.action,
                    .direction = rule.direction,
                    .protocol = rule.protocol,
                    .peer = rule.peer,
                    .remote_port = port_of(rule.remote_port),
                    .local_port = port_of(rule.local_port)});
    TRY_VOID(sys::check_rule(read.back()), fmt::format("reading rule {}", i));
  }
  if (read.empty()) return error(Code::invalid, "there are no rules");
  return read;
}

std::vector<TrafficCut> cuts_of(const std::vector<sys::NftRule>& rules,
                                const std::string& network_namespace) {
  constexpr std::array protocols{"any", "tcp", "udp"};
  std::vector<TrafficCut> cuts;
  for (const sys::NftRule& rule : rules) {
    cuts.push_back({.network_namespace = network_namespace,
                    .peer = rule.peer,
                    .local_port = rule.local_port.value_or(0),
                    .remote_port = rule.remote_port.value_or(0),
                    .protocol = protocols[static_cast<std::size_t>(rule.protocol)]});
  }
  return cuts;
}

Result<NetworkPlace> open_network_place(const std::string& path) {
  sys::Fd fd =
      TRY(sys::open_file(path.empty() ? "/proc/thread-self/ns/net" : path, O_RDONLY | O_NONBLOCK),
          "opening the network namespace");
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return errno_error(errno, "looking at the namespace");
  NetworkPlace place{.identity = fmt::format("{}:{}", status.st_dev, status.st_ino)};
  if (!path.empty()) place.fd = std::move(fd);
  return place;
}

Result<NetworkPlace> open_recorded_place(const std::string& path, const json::object& before) {
  NetworkPlace place = TRY(open_network_place(path));
  if (place.identity == text_at(before, "namespace")) return place;
  return error(Code::conflict, fmt::format("{} became another network namespace", printable(path)));
}

std::string describe_network_place(const std::string& path) {
  return path.empty() ? "the host's network namespace" : "the network namespace " + printable(path);
}

Status check_own_name(const OwnTable& table) {
  if (table.name.starts_with("squall_")) return ok();
  return error(Code::invalid,
               fmt::format("the table {} must be called squall_...", quote(table.name)));
}

Result<json::object> capture_own_table(const OwnTable& table) {
  const NetworkPlace place = TRY(open_network_place(table.network_namespace));
  if (TRY(sys::nft_table_state(table.name, place.number())).exists) {
    return error(Code::conflict, fmt::format("a table inet {} exists already", table.name),
                 "is the same plan running twice? see squall status");
  }
  return json::object{{"namespace", place.identity}};
}

Result<Presence> own_table_presence(const OwnTable& table, const json::object& before) {
  const Result<NetworkPlace> place = open_network_place(table.network_namespace);
  if (!place.ok() || place->identity != text_at(before, "namespace")) {
    const sys::ProcessId holder{integer_at(before, "holder_pid"),
                                static_cast<std::uint64_t>(integer_at(before, "holder_start"))};
    return holder.pid != 0 && sys::is_alive(holder) ? Presence::in_force : Presence::absent;
  }
  const sys::NftTableState state = TRY(sys::nft_table_state(table.name, place->number()));
  return state.exists ? Presence::in_force : Presence::absent;
}

}  // namespace squall::change
