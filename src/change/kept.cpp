#include "change/kept.h"

#include <fmt/core.h>

#include "core/digest.h"

namespace squall::change {

std::string kept_name(std::string_view name, const json::object& params) {
  constexpr std::size_t name_max = 200;  // so that the longest name still fits into 255 bytes
  constexpr std::size_t id_digits = 12;
  const std::string id = sha256_hex(canonical_json(params)).substr(0, id_digits);
  return fmt::format(".{}.squall-{}", name.substr(0, name_max), id);
}

}  // namespace squall::change
