// A gate stands before a toxic whose `after` names some bytes: until they have come by in the
// direction of the toxic, everything passes; behind the last of them the toxic begins. They are
// found in whatever pieces they come.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "proxy/chain.h"

namespace squall::proxy {

constexpr std::size_t after_max = 1024;  // bytes

class Gate final : public Stage {
 public:
  // The toxic's `after` is not empty.
  Gate(const Toxic& toxic, const Start& start);

  void take(Chunk chunk, Duration now, Outlet& out) override;
  void take_end(Duration now, Outlet& out) override;
  void wake(Duration now, Outlet& out) override;
  void part(Parting parting, Outlet& out) override;
  void adopt(Stage& before) override;
  std::size_t held() const override { return stage_ ? stage_->held() : 0; }

 private:
  // How many bytes of `data` come before the end of the match, which opens the gate; all of them
  // when there is none.
  std::size_t look_for_match(std::string_view data);
  void open(Duration now);

  const Kind* kind_;
  std::shared_ptr<const void> typed_;
  std::string after_;
  Start start_;
  std::vector<std::size_t> borders_;  // of Knuth, Morris and Pratt
  std::size_t matched_ = 0;
  bool is_open_ = false;
  std::unique_ptr<Stage> stage_;
};

}  // namespace squall::proxy
