// Each stage hands on to a Step, which gives to the next stage, or behind the last one to the
// outlet of the whole. A change lets go from the back to the front, so that nothing overtakes.
#include "proxy/stages.h"

#include <algorithm>

#include "core/check.h"
#include "proxy/gate.h"

namespace squall::proxy {

class Stages::Step final : public Outlet {
 public:
  Step(Stages& stages, std::size_t next, Duration now, Outlet& out)
      : stages_(stages), next_(next), now_(now), out_(out) {
    while (next_ < stages_.places_.size() &&
           (!stages_.places_[next_].stage || stages_.places_[next_].is_parting)) {
      ++next_;
    }
  }

  void pass(Chunk chunk) override {
    if (is_last()) return out_.pass(std::move(chunk));
    Step step(stages_, next_ + 1, now_, out_);
    stages_.places_[next_].stage->take(std::move(chunk), now_, step);
  }
  void pass_end() override {
    if (is_last()) return out_.pass_end();
    Step step(stages_, next_ + 1, now_, out_);
    stages_.places_[next_].stage->take_end(now_, step);
  }
  // The outlet is told first, so that it knows how the end that it will see is meant.
  void cut() override {
    out_.cut();
    pass_end();
  }
  void reset() override { out_.reset(); }
  void hold_open(bool is_held) override { out_.hold_open(is_held); }

 private:
  bool is_last() const { return next_ >= stages_.places_.size(); }

  Stages& stages_;
  std::size_t next_;
  Duration now_;
  Outlet& out_;
};

void Stages::take(Chunk chunk, Duration now, Outlet& out) {
  Step(*this, 0, now, out).pass(std::move(chunk));
}

void Stages::take_end(Duration now, Outlet& out) {
  Step(*this, 0, now, out).pass_end();
}

void Stages::wake(Duration now, Outlet& out) {
  for (std::size_t i = places_.size(); i > 0; --i) {
    Stage* stage = places_[i - 1].stage.get();
    if (stage == nullptr || stage->wake_at > now) continue;
    stage->wake_at = never;
    Step step(*this, i, now, out);
    stage->wake(now, step);
  }
}

Duration Stages::wake_at() const {
  Duration first = never;
  for (const Place& place : places_) {
    if (place.stage) first = std::min(first, place.stage->wake_at);
  }
  return first;
}

std::size_t Stages::held() const {
  std::size_t sum = 0;
  for (const Place& place : places_) {
    if (place.stage) sum += place.stage->held();
  }
  return sum;
}

std::unique_ptr<Stage> Stages::draw(const Toxic& toxic, Connection connection, Duration now) {
  if (toxic.kind->make == nullptr || toxic.kind->door != nullptr) return nullptr;
  if (!connection.traffic->draws(toxic, connection.ordinal)) return nullptr;
  Start start{now, connection.traffic->choices(toxic, connection.ordinal)};
  start.is_from_start = connection.is_from_start[static_cast<std::size_t>(toxic.stream)];
  start.traffic = connection.traffic;
  start.connection = connection.ordinal;
  start.toxic = toxic.name;
  if (toxic.kind->listen != nullptr && toxic.stream == Stream::downstream) {
    CHECK(connection.listeners != nullptr, "a connection has listeners");
    start.listener = connection.listeners->get(toxic.kind->listen, connection.is_from_start[0]);
  }
  if (!toxic.after.empty()) return std::make_unique<Gate>(toxic, start);
  return toxic.kind->make(toxic.attributes.typed.get(), start);
}

void Stages::let_go(const std::vector<std::shared_ptr<const Toxic>>& toxics, Duration now,
                    Outlet& out) {
  for (std::size_t i = places_.size(); i > 0; --i) {
    Place& place = places_[i - 1];
    const auto kept = std::find_if(toxics.begin(), toxics.end(),
                                   [&](const auto& toxic) { return toxic->id == place.toxic->id; });
    if (kept != toxics.end() && (*kept)->revision == place.toxic->revision) continue;
    place.is_parting = true;
    if (!place.stage) continue;
    Step step(*this, i, now, out);
    place.stage->part(kept == toxics.end() ? Stage::Parting::removed : Stage::Parting::changed,
                      step);
  }
}

void Stages::follow(const std::vector<std::shared_ptr<const Toxic>>& toxics, Connection connection,
                    Duration now, Outlet& out) {
  std::vector<Place> fresh;
  fresh.reserve(toxics.size());
  for (const auto& toxic : toxics) {
    const auto old = std::find_if(places_.begin(), places_.end(),
                                  [&](const Place& place) { return place.toxic->id == toxic->id; });
    fresh.push_back({toxic, nullptr});
    if (old != places_.end() && old->toxic->revision == toxic->revision) continue;
    fresh.back().stage = draw(*toxic, connection, now);
    if (fresh.back().stage && old != places_.end() && old->stage &&
        old->toxic->after.empty() == toxic->after.empty()) {
      fresh.back().stage->adopt(*old->stage);
    }
  }
  let_go(toxics, now, out);
  acting_ = 0;
  room_ = narrow_room;
  acts_alone_ = false;
  for (Place& place : fresh) {
    const auto old = std::find_if(places_.begin(), places_.end(), [&](const Place& one) {
      return one.toxic->id == place.toxic->id && !one.is_parting;
    });
    if (old != places_.end()) place.stage = std::move(old->stage);
    if (!place.stage) continue;
    ++acting_;
    room_ = std::max(room_, place.toxic->kind->room);
    acts_alone_ = acts_alone_ || place.toxic->kind->acts_alone;
  }
  places_ = std::move(fresh);
}

}  // namespace squall::proxy
