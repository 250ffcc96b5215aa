// container.network: a container is disconnected from one of its networks, until it is connected
// again in the same way: its aliases, links, driver options, and the address that it was given.
//
// Journaled, because the daemon keeps it disconnected when the one who told it dies. The undo looks
// first: a container that somebody connected meanwhile is left as it is.
//
// An address that nobody chose is chosen anew by the daemon. It is the same one unless somebody
// else took it meanwhile; a daemon does not let it be asked for on networks whose range it chose
// itself. The undo tells when it became another one.
#include <fmt/core.h>

#include "change/containers.h"
#include "change/typed.h"
#include "core/text.h"

namespace squall::change {
namespace {

struct ContainerNetwork : Container {
  std::string network;
};

param::Table<ContainerNetwork> make_table() {
  std::vector<param::Field<ContainerNetwork>> fields = container_fields<ContainerNetwork>();
  fields.push_back(param::field("network", &ContainerNetwork::network,
                                {.about = "Its name; empty: the only one that it has."}));
  return {std::move(fields)};
}
const param::Table<ContainerNetwork> table = make_table();

constexpr Duration order_limit = seconds(3);

// How it is connected to a network of this name; nullptr when it is not.
const json::object* endpoint_in(const json::object& shown, std::string_view network) {
  const json::object* networks = object_at(shown, "networks");
  return networks == nullptr ? nullptr : object_at(*networks, network);
}

std::string address_in(const json::object& shown, std::string_view network) {
  const json::object* addresses = object_at(shown, "addresses");
  return addresses == nullptr ? "" : text_at(*addresses, network);
}

Result<std::string> network_of(const ContainerNetwork& params, const json::object& shown) {
  const json::object* networks = object_at(shown, "networks");
  std::vector<std::string> names;
  if (networks != nullptr) {
    for (const auto& one : *networks) names.emplace_back(one.key());
  }
  std::string network = params.network;
  if (network.empty() && names.size() == 1) network = names.front();
  if (network == "host" || network == "none" || network.starts_with("container:")) {
    return error(Code::unsupported,
                 fmt::format("{} has the network {}, which cannot be taken from it",
                             params.describe(), quote(network)),
                 "use network.block with the victim's peer or port");
  }
  if (endpoint_in(shown, network) != nullptr) return network;
  if (network.empty()) {
    return error(Code::invalid, fmt::format("{} has {} networks", params.describe(), names.size()),
                 names.empty() ? "choose a container that has one"
                               : "name one of them: " + printable(join(names, ", ")));
  }
  return error(Code::conflict,
               fmt::format("{} is not connected to {}", params.describe(), quote(network)),
               "it has: " + printable(join(names, ", ")));
}

Result<Footprint> footprint(const ContainerNetwork& params) {
  const json::object shown = TRY(show_container(params, params.container));
  const std::string network = TRY(network_of(params, shown));
  return container_footprint(shown, "network " + network);
}

Result<json::object> capture(const ContainerNetwork& params) {
  const json::object shown = TRY(show_container(params, params.container));
  TRY_VOID(container_footprint(shown, ""));
  TRY_VOID(check_is_running(params, shown));
  const std::string network = TRY(network_of(params, shown));
  json::object before = identity_of(params, shown);
  before["network"] = network;
  before["endpoint"] = *endpoint_in(shown, network);
  before["address"] = address_in(shown, network);
  return before;
}

Result<json::object> apply(const ContainerNetwork& params, const json::object& before) {
  TRY_VOID(act_on_container(params, text_at(before, "id"), "disconnect",
                            {{"network", text_at(before, "network")}}, order_limit));
  return json::object{};
}

Presence presence_in(const json::object& shown, const json::object& before) {
  const json::object* now = endpoint_in(shown, text_at(before, "network"));
  if (now == nullptr) return Presence::in_force;
  const bool is_same = canonical_json(*now) == canonical_json(before.at("endpoint"));
  return is_same ? Presence::absent : Presence::foreign;
}

Result<Presence> verify(const ContainerNetwork& params, const json::object& before) {
  const Found found = TRY(find_again(params, before));
  return found.gone.empty() ? presence_in(found.shown, before) : Presence::absent;
}

Result<Reverted> revert(const ContainerNetwork& params, const json::object& before) {
  const Found found = TRY(find_settled(params, before, [&](const json::object& shown) {
    return presence_in(shown, before) == Presence::in_force;
  }));
  if (!found.gone.empty()) return Reverted{Ending::gone, found.gone};
  const std::string network = text_at(before, "network");
  switch (presence_in(found.shown, before)) {
    case Presence::absent:
      return Reverted{Ending::was_absent, "it was not disconnected any more"};
    case Presence::foreign:
      return Reverted{Ending::foreign,
                      fmt::format("somebody connected it to {} in another way", network)};
    case Presence::in_force:
      break;
  }
  const Status told = act_on_container(
      params, text_at(before, "id"), "connect",
      {{"network", network}, {"endpoint", canonical_json(before.at("endpoint"))}}, order_limit);
  const Found now = TRY(find_again(params, before));
  if (!now.gone.empty()) return Reverted{Ending::gone, now.gone};
  if (!told.ok() && told.error().code == Code::not_found) {
    return Reverted{Ending::gone, fmt::format("the network {} was removed", network)};
  }
  TRY_VOID(told);
  const std::string was = text_at(before, "address");
  const std::string is = address_in(now.shown, network);
  if (is == was || was.empty() || is.empty()) return Reverted{Ending::restored, ""};
  return Reverted{Ending::restored, fmt::format("its address became {}, it was {}", is, was)};
}

std::string describe(const ContainerNetwork& params) {
  return fmt::format("disconnect {} from {}", params.describe(),
                     params.network.empty() ? "its network" : printable(params.network));
}

std::string undo(const ContainerNetwork& params) {
  return fmt::format(
      "connect {} again with the same aliases and settings, unless somebody else did",
      params.describe());
}

}  // namespace

extern const Kind kind_container_network;
const Kind kind_container_network = make_kind<ContainerNetwork>({
    .name = "container.network",
    .about = "A container is disconnected from one of its networks.",
    .keeping = Keeping::journaled,
    .table = &table,
    .footprint = footprint,
    .capture = capture,
    .apply = apply,
    .verify = verify,
    .revert = revert,
    .describe = describe,
    .undo = undo,
});

}  // namespace squall::change
