// Fuzz target: a path on the first line, a text below. Whatever they are, an edit either is refused
// or changes exactly one value, in JSON as well as in YAML.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/check.h"
#include "document/edit.h"
#include "document/yaml.h"

namespace squall::document {
namespace {

void run_one(std::string_view path_text, std::string_view text) {
  const Result<JsonPath> path = JsonPath::parse(path_text);
  if (!path.ok()) return;
  for (const json::value& value : {json::value("new # text"), json::value(7), json::value()}) {
    const Result<std::string> as_json = edit_json(text, {{*path, value}});
    CHECK(!as_json.ok() || *path->select(*parse_json(*as_json))->front() == value, "it reads back");
    const Result<std::string> as_yaml = edit_yaml(text, {{*path, value}});
    if (!as_yaml.ok()) continue;
    Diagnostics none;
    const json::value tree = json_from_node(parse_yaml(*as_yaml, none));
    CHECK(*path->select(tree)->front() == value, "it reads back from YAML");
  }
}

}  // namespace
}  // namespace squall::document

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::size_t end = bytes.find('\n');
  if (end != std::string_view::npos) {
    squall::document::run_one(bytes.substr(0, end), bytes.substr(end + 1));
  }
  return 0;
}
