// A stage that holds chunks back, first in, first out, with the end of the stream behind them.
#pragma once

#include <list>
#include <utility>

#include "proxy/toxics/toxic.h"

namespace squall::proxy {

class HoldingStage : public Stage {
 public:
  void take_end(Duration, Outlet& out) override {
    has_end_ = true;
    pass_end_if_empty(out);
  }
  void part(Parting, Outlet& out) override {
    while (!held_.empty()) out.pass(take_first());
    pass_end_if_empty(out);
  }
  std::size_t held() const override { return bytes_; }

 protected:
  bool is_empty() const { return held_.empty(); }
  Chunk& first() { return held_.front(); }
  const Chunk& last() const { return held_.back(); }
  void hold(Chunk chunk) {
    bytes_ += chunk.data.size();
    held_.push_back(std::move(chunk));
  }
  Chunk take_first() {
    Chunk chunk = std::move(held_.front());
    held_.pop_front();
    bytes_ -= chunk.data.size();
    return chunk;
  }
  // The first `count` bytes of the first chunk, or all of it.
  Chunk take_piece(std::size_t count) {
    if (count >= first().data.size()) return take_first();
    Chunk piece{first().stamp, first().data.substr(0, count)};
    first().data.erase(0, count);
    bytes_ -= count;
    return piece;
  }
  void pass_end_if_empty(Outlet& out) {
    if (has_end_ && held_.empty()) {
      has_end_ = false;
      out.pass_end();
    }
  }

 private:
  std::list<Chunk> held_;
  std::size_t bytes_ = 0;
  bool has_end_ = false;
};

}  // namespace squall::proxy
