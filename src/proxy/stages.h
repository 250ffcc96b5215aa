// The stages of one direction of a connection, in the order of its chain: data goes in at the first
// and comes out behind the last. A chain that changes replaces only the stages of what changed.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "proxy/chain.h"
#include "proxy/listeners.h"

namespace squall::proxy {

struct Connection {
  const Traffic* traffic = nullptr;
  std::uint64_t ordinal = 0;  // counts the connections of the proxy
  Listeners* listeners = nullptr;
  std::array<bool, 2> is_from_start = {true, true};  // by Stream: nothing has come yet
};

class Stages {
 public:
  // Goes over to the toxics of another chain. What toxics held that are changed or gone comes out.
  void follow(const std::vector<std::shared_ptr<const Toxic>>& toxics, Connection connection,
              Duration now, Outlet& out);

  void take(Chunk chunk, Duration now, Outlet& out);
  void take_end(Duration now, Outlet& out);
  // Every stage whose time has come.
  void wake(Duration now, Outlet& out);

  // No toxic acts on this connection: what goes in would come out unchanged, at once.
  bool are_idle() const { return acting_ == 0; }
  // One of them acts even while no data comes.
  bool act_alone() const { return acts_alone_; }
  Duration wake_at() const;
  std::size_t held() const;
  // Bytes that may be held before the source is no longer read.
  std::size_t room() const { return room_; }

 private:
  // A toxic that was not drawn for this connection has a place, and no stage.
  struct Place {
    std::shared_ptr<const Toxic> toxic;
    std::unique_ptr<Stage> stage;
    bool is_parting = false;
  };
  class Step;

  static std::unique_ptr<Stage> draw(const Toxic& toxic, Connection connection, Duration now);
  void let_go(const std::vector<std::shared_ptr<const Toxic>>& toxics, Duration now, Outlet& out);

  std::vector<Place> places_;
  std::size_t acting_ = 0;
  std::size_t room_ = narrow_room;
  bool acts_alone_ = false;
};

}  // namespace squall::proxy
