// Quantities as hostile text: whatever is accepted must read back as the same value from what it is
// rendered to.
#include <cstdint>

#include "core/check.h"
#include "core/duration.h"
#include "core/units.h"

namespace squall {
namespace {

template <class T>
void expect_round_trip(const Result<T>& parsed, Result<T> (*parse)(std::string_view)) {
  if (!parsed.ok()) {
    CHECK(!parsed.error().message.empty(), "a refusal says why");
    return;
  }
  const std::string text = render(*parsed);
  const Result<T> again = parse(text);
  CHECK(again.ok() && render(*again) == text, "what is rendered reads back as the same");
}

}  // namespace
}  // namespace squall

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  squall::expect_round_trip(squall::parse_duration(text), squall::parse_duration);
  squall::expect_round_trip(squall::parse_bytes(text), squall::parse_bytes);
  squall::expect_round_trip(squall::parse_share(text), squall::parse_share);
  squall::expect_round_trip(squall::parse_rate(text), squall::parse_rate);
  const squall::Result<squall::Duration> duration = squall::parse_duration(text);
  if (duration.ok()) {
    CHECK(*squall::parse_duration(squall::render(*duration)) == *duration, "durations are exact");
    CHECK(duration->nanoseconds >= 0, "no duration is negative");
    CHECK(duration->poll_milliseconds() >= 0, "poll(2) never waits for ever");
    CHECK(!squall::render_rounded(*duration).empty(), "there is always something to show");
  }
  return 0;
}
