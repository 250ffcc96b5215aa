#include "faults/amount.h"

#include <algorithm>
#include <charconv>

#include <fmt/core.h>

#include "core/text.h"

namespace squall::fault {
namespace {

// The whole number at the beginning of a text, after blanks.
std::uint64_t number_in(std::string_view text) {
  text = trim(text);
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

Error strange(std::string_view path) {
  return error(Code::unsupported, fmt::format("{} is not as the kernel writes it", path),
               "give an amount, which needs no such figure");
}

}  // namespace

Status check_amount(const Amount& amount, std::string_view fixed_name,
                    std::string_view leave_name) {
  if (amount.fixed > 0 && amount.share > 0) {
    return error(Code::invalid, fmt::format("{} and share are given both", fixed_name),
                 "give one of them");
  }
  if (amount.fixed > 0 || amount.share > 0 || amount.leave > 0) return ok();
  return error(Code::invalid, "it is not said how much is taken",
               fmt::format("give {}, or share, or {} alone", fixed_name, leave_name));
}

Result<std::uint64_t> settle(const Amount& amount, const Supply& supply) {
  std::uint64_t wanted = amount.fixed;
  if (amount.share > 0) {
    const std::uint64_t whole = amount.of == Whole::total ? supply.total : supply.available;
    wanted = static_cast<std::uint64_t>(static_cast<double>(whole) * amount.share);
  }
  if (amount.leave > 0) {
    const std::uint64_t spare = supply.available - std::min(supply.available, amount.leave);
    wanted = wanted == 0 ? spare : std::min(wanted, spare);
  }
  if (wanted > 0) return wanted;
  return error(Code::refused, "there is nothing left to take", "leave less, or free some first");
}

std::int64_t visible_part(std::int64_t amount, Duration ramp) {
  constexpr Duration first_look = seconds(2);
  const auto whole = static_cast<double>(amount - amount / 100);
  if (ramp == Duration{}) return static_cast<std::int64_t>(whole);
  const double due = std::min(1.0, first_look.seconds() / ramp.seconds());
  return static_cast<std::int64_t>(whole * due / 2);
}

Result<std::string> content_of(const Facts& facts, std::string_view path) {
  const auto found = facts.files.find(std::string(path));
  if (found != facts.files.end() && found->second.content) return *found->second.content;
  return error(Code::unsupported, fmt::format("{} cannot be read here", path),
               "give an amount, which needs no such figure");
}

Result<Supply> memory_supply(const Facts& facts) {
  Supply supply;
  for (const std::string& line : split(TRY(content_of(facts, memory_file)), '\n')) {
    const std::string_view value = std::string_view(line).substr(line.find(':') + 1);
    if (line.starts_with("MemTotal:")) supply.total = number_in(value) * 1024;
    if (line.starts_with("MemAvailable:")) supply.available = number_in(value) * 1024;
  }
  if (supply.total == 0) return strange(memory_file);
  return supply;
}

// "allocated free maximum"
Result<Supply> descriptor_supply(const Facts& facts) {
  const std::string text = TRY(content_of(facts, descriptor_file));
  const std::vector<std::string> words = split(trim(text), '\t');
  if (words.size() != 3) return strange(descriptor_file);
  const std::uint64_t total = number_in(words[2]);
  return Supply{total - std::min(total, number_in(words[0])), total};
}

// "0.00 0.01 0.05 2/345 6789": 345 threads exist.
Result<Supply> process_supply(const Facts& facts) {
  const std::string load = TRY(content_of(facts, load_file));
  const std::size_t slash = load.find('/');
  if (slash == std::string::npos) return strange(load_file);
  const std::uint64_t used = number_in(std::string_view(load).substr(slash + 1));
  const std::uint64_t total = std::min(number_in(TRY(content_of(facts, pid_limit_file))),
                                       number_in(TRY(content_of(facts, thread_limit_file))));
  return Supply{total - std::min(total, used), total};
}

}  // namespace squall::fault
