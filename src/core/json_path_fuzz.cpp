// The input is a path, a line break, and a document. What the path chooses lies in the document,
// and the path means the same when it is read again.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/json_path.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace squall;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t end = input.find('\n');
  const Result<JsonPath> path = JsonPath::parse(input.substr(0, end));
  if (!path.ok() || end == std::string_view::npos) return 0;
  const Result<json::value> document = parse_json(input.substr(end + 1));
  if (!document.ok()) return 0;
  const auto chosen = path->select(*document);
  if (!chosen.ok()) return 0;
  CHECK(!path->is_singular() || chosen->size() <= 1, "a singular path chooses one value at most");
  std::size_t bytes = 0;
  for (const json::value* value : *chosen) bytes += compact_json(*value).size();
  const auto again = JsonPath::parse(path->text())->select(*document);
  CHECK(again.ok() && *again == *chosen, "the same path chooses the same values");
  return bytes == SIZE_MAX ? 1 : 0;
}
