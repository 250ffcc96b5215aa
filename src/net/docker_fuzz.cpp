// Any JSON is a container whose id and name are safe to stand in a path, or none.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "net/docker.h"
#include "sys/container.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace squall;
  const auto json = parse_json({reinterpret_cast<const char*>(data), size});
  if (!json.ok()) return 0;
  const auto container = net::parse_container(*json);
  if (!container.ok()) return 0;
  CHECK(sys::is_container_id(container->id), "the id is one");
  CHECK(sys::is_container_name(container->name), "the name is one");
  CHECK(container->pid >= 0 && container->restarts >= 0, "counts are counts");
  return 0;
}
