// Stages of toxics in the hands of a test: made-up data goes in at made-up times, and what comes
// out is written down with its time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "proxy/stages.h"

namespace squall::proxy {

// Writes down what comes out.
class Recorder final : public Outlet {
 public:
  struct Piece {
    Duration at;
    std::string data;
  };
  void pass(Chunk chunk) override { pieces.push_back({now, std::move(chunk.data)}); }
  void pass_end() override { is_ended = true; }
  void cut() override { is_cut = true; }
  void reset() override { is_reset = true; }
  void hold_open(bool is_held) override { is_held_open = is_held; }

  std::string text() const {
    std::string all;
    for (const Piece& piece : pieces) all += piece.data;
    return all;
  }

  Duration now;
  std::vector<Piece> pieces;
  bool is_ended = false;
  bool is_cut = false;
  bool is_reset = false;
  bool is_held_open = false;
};

class StageRig : public testing::Test {
 protected:
  std::shared_ptr<const Toxic> toxic(std::string_view type, const json::object& attributes,
                                     double toxicity = 1) {
    const Kind* kind = find(catalogue(), type);
    return std::make_shared<const Toxic>(
        Toxic{.id = ++last_id_,
              .name = std::string(type),
              .toxicity = toxicity,
              .kind = kind,
              .attributes = kind->parse(*kind, nullptr, attributes).value()});
  }
  void follow(std::vector<std::shared_ptr<const Toxic>> toxics, std::uint64_t connection = 0) {
    stages_.follow(toxics, {&traffic_, connection, &listeners_}, out_.now, out_);
    listeners_.forget_unused();
  }
  void take(std::string data) { stages_.take({out_.now, std::move(data)}, out_.now, out_); }
  // Lets made-up time pass until nobody waits any more.
  void run() {
    while (stages_.wake_at() != never) {
      out_.now = stages_.wake_at();
      stages_.wake(out_.now, out_);
    }
  }

  Traffic traffic_{"db", 1};
  Listeners listeners_;
  Stages stages_;
  Recorder out_;
  std::uint64_t last_id_ = 0;
};

}  // namespace squall::proxy
