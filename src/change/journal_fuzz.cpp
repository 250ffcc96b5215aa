// The two copies of a journal as hostile bytes: the input is split at its first zero byte. Whatever
// stands there, the merge must end, and what it calls sound must be a fixed point.
#include <cstdint>

#include "change/journal.h"
#include "core/check.h"

namespace {

// Newlines behind the last record are room for the next ones.
std::string_view without_padding(std::string_view text) {
  const std::size_t last = text.find_last_not_of('\n');
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t split = input.find('\0');
  const std::string_view first = input.substr(0, split);
  const std::string_view second =
      split == std::string_view::npos ? std::string_view() : input.substr(split + 1);
  const auto merged = squall::change::merge_journal(first, second);
  const std::string_view sound = without_padding(merged.text);
  CHECK(merged.copies_are_sound ==
            (without_padding(first) == sound && without_padding(second) == sound),
        "a copy is sound when it holds exactly the sound lines");
  for (std::size_t i = 1; i < merged.records.size(); ++i) {
    CHECK(merged.records[i - 1].number < merged.records[i].number, "records come in order");
  }
  const auto again = squall::change::merge_journal(merged.text, merged.text + "\n\n");
  CHECK(again.copies_are_sound, "what was repaired is sound");
  CHECK(again.text == merged.text && again.last_hash == merged.last_hash, "a repair loses nothing");
  CHECK(again.records.size() == merged.records.size(), "a repair loses no record");
  return 0;
}
