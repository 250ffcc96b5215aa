// libFuzzer target: scenario text to plan, with the kinds that ship.
#include <cstddef>
#include <cstdint>

#include "scenario/fuzz_entry.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  squall::scenario::fuzz_one({reinterpret_cast<const char*>(data), size},
                             squall::fault::catalogue(), squall::probe::catalogue());
  return 0;
}
