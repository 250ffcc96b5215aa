// Counter-based randomness. Every random choice is a hash of (seed, fault id, target id, decision
// name, ordinal), never a draw from a shared stream: taking one event away changes no other event's
// choices.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace squall {

class Choices {
 public:
  // The choices of one fault of one run.
  Choices(std::uint64_t seed, std::string fault_id) : seed_(seed), fault_id_(std::move(fault_id)) {}

  // 64 uniform bits for this decision.
  std::uint64_t bits(std::string_view target, std::string_view decision,
                     std::uint64_t ordinal) const;
  // Uniform in [0, 1).
  double unit(std::string_view target, std::string_view decision, std::uint64_t ordinal) const;
  // Uniform in [0, bound), without modulo bias worth measuring; bound > 0.
  std::uint64_t below(std::uint64_t bound, std::string_view target, std::string_view decision,
                      std::uint64_t ordinal) const;
  // `count` of the targets, in their given order, chosen by ranking each target's own hash. Targets
  // that come or go do not change how the others rank.
  std::vector<std::size_t> pick(const std::vector<std::string>& targets, std::size_t count,
                                std::uint64_t ordinal) const;
  std::uint64_t seed() const { return seed_; }
  const std::string& fault_id() const { return fault_id_; }

 private:
  std::uint64_t seed_;
  std::string fault_id_;
};

}  // namespace squall
