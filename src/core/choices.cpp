#include "core/choices.h"

#include <algorithm>

#include "core/check.h"

namespace squall {
namespace {

// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): a bijection which passes avalanche tests.
std::uint64_t mix(std::uint64_t value) {
  value += 0x9E3779B97F4A7C15ULL;
  value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9ULL;
  value = (value ^ value >> 27) * 0x94D049BB133111EBULL;
  return value ^ value >> 31;
}

// FNV-1a over the text, closed by its length so that ("ab","c") and ("a","bc") differ.
std::uint64_t fold(std::uint64_t state, std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const char letter : text) {
    hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001B3ULL;
  }
  return mix(state ^ mix(hash) ^ text.size());
}

}  // namespace

std::uint64_t Choices::bits(std::string_view target, std::string_view decision,
                            std::uint64_t ordinal) const {
  std::uint64_t state = mix(seed_);
  state = fold(state, fault_id_);
  state = fold(state, target);
  state = fold(state, decision);
  return mix(state ^ mix(ordinal));
}

double Choices::unit(std::string_view target, std::string_view decision,
                     std::uint64_t ordinal) const {
  return static_cast<double>(bits(target, decision, ordinal) >> 11) * 0x1.0p-53;
}

std::uint64_t Choices::below(std::uint64_t bound, std::string_view target,
                             std::string_view decision, std::uint64_t ordinal) const {
  CHECK(bound > 0, "below() needs a positive bound");
  const auto wide = static_cast<unsigned __int128>(bits(target, decision, ordinal)) * bound;
  return static_cast<std::uint64_t>(wide >> 64);
}

std::vector<std::size_t> Choices::pick(const std::vector<std::string>& targets, std::size_t count,
                                       std::uint64_t ordinal) const {
  std::vector<std::pair<std::uint64_t, std::size_t>> ranks;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    ranks.emplace_back(bits(targets[i], "pick", ordinal), i);
  }
  std::sort(ranks.begin(), ranks.end());
  ranks.resize(std::min(count, ranks.size()));
  std::vector<std::size_t> chosen;
  for (const auto& [rank, index] : ranks) chosen.push_back(index);
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

}  // namespace squall
