#include "faults/supplies.h"

#include <fmt/core.h>

#include "faults/needs.h"
#include "faults/victims.h"

namespace squall::fault {

std::vector<sys::Need> supply_needs(const sys::HostFacts& host) {
  return {need_kernel(host, {5, 3}, "detached mounts and process descriptors"),
          need_root(host, "to mount in the namespace of the victim"),
          note("a victim in a mount namespace of its own, with /sys in it")};
}

Result<Strike> change_supplies(const Facts& facts, const Selector& selector,
                               const SupplyChange& change, std::string_view witness) {
  TRY_VOID(require_victims(facts, selector));
  if (facts.victims.size() > 1) {
    return error(
        Code::invalid,
        fmt::format("{} match; one stands for all in its mount namespace", describe(facts.victims)),
        "add to select: pick: one");
  }
  const sys::Process& victim = facts.victims.front();
  Strike strike;
  json::object params = identity(victim);
  params["from"] = json::string(render(change.from));
  params["to"] = json::string(render(change.to));
  params["over"] = json::string(render(change.over));
  params["mains_online"] = false;
  strike.changes.push_back({"power.supply", std::move(params)});
  strike.watches.push_back({std::string(witness), identity(victim)});
  strike.target = fmt::format("{} and all others in its mount namespace", describe(victim));
  return strike;
}

}  // namespace squall::fault
