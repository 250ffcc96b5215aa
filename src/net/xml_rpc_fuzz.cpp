// Fuzzes the reading of XML-RPC answers: any bytes give a value or an error.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "net/xml_rpc.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = squall::net::parse_xml_rpc(text);
  if (value.ok()) squall::canonical_json(*value);
  return 0;
}
