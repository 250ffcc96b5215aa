// Chains are handed over under a mutex that is held for the copy of one pointer; the number that
// says that there is a new one is read without it, once for each event on a connection.
#include "proxy/chain.h"

#include <algorithm>

#include <fmt/core.h>

namespace squall::proxy {

std::string_view name_of(Stream stream) {
  return stream == Stream::upstream ? "upstream" : "downstream";
}

bool Toxic::chooses(std::uint64_t connection) const {
  if (first <= 0 && every <= 0) return true;
  if (connection < since) return false;
  const auto number = static_cast<std::int64_t>(connection - since) + 1;
  return (first <= 0 || number <= first) && (every <= 0 || number % every == 0);
}

bool Chain::acts_alone() const {
  return std::any_of(toxics.begin(), toxics.end(), [](const auto& direction) {
    return std::any_of(direction.begin(), direction.end(),
                       [](const auto& toxic) { return toxic->kind->acts_alone; });
  });
}

const Toxic* Chain::guard_of(const Traffic& traffic, std::uint64_t connection) const {
  for (const auto& direction : toxics) {
    for (const auto& toxic : direction) {
      if (toxic->kind->door == nullptr || !traffic.draws(*toxic, connection)) continue;
      if (toxic->kind->door(toxic->attributes.typed.get()) != Door::carries) return toxic.get();
    }
  }
  return nullptr;
}

const Toxic* Chain::find(std::uint64_t toxic) const {
  for (const auto& direction : toxics) {
    for (const auto& one : direction) {
      if (one->id == toxic) return one.get();
    }
  }
  return nullptr;
}

std::shared_ptr<const Chain> Traffic::chain() const {
  const std::lock_guard lock(mutex_);
  return chain_;
}

void Traffic::set_chain(std::shared_ptr<const Chain> chain) {
  const std::lock_guard lock(mutex_);
  chain_ = std::move(chain);
  generation_.fetch_add(1, std::memory_order_acq_rel);
}

bool Traffic::draws(const Toxic& toxic, std::uint64_t connection) const {
  const bool acts = toxic.chooses(connection) &&
                    choices(toxic, connection).unit("", "toxicity", 0) < toxic.toxicity;
  if (is_watched()) {
    tell("connection", {{"connection", connection},
                        {"toxic", toxic.name},
                        {"stream", json::string(name_of(toxic.stream))},
                        {"revision", toxic.revision},
                        {"acts", acts}});
  }
  return acts;
}

void Traffic::tell(std::string_view event, json::object rest) const {
  if (!is_watched()) return;
  json::object whole = {{"event", json::string(event)}, {"proxy", name_}};
  for (auto& [key, value] : rest) whole[key] = std::move(value);
  events_->tell(std::move(whole));
}

Choices Traffic::choices(const Toxic& toxic, std::uint64_t connection) const {
  const Choices of_proxy(seed_, name_);
  const std::string who = fmt::format("{} {}", static_cast<int>(toxic.stream), connection);
  return {of_proxy.bits(who, toxic.name, toxic.revision), "toxic"};
}

}  // namespace squall::proxy
