#include "change/kept.h"

#include <fmt/core.h>

#include "core/digest.h"
#include "sys/file.h"

namespace squall::change {

std::string kept_name(std::string_view name, const json::object& params) {
  constexpr std::size_t name_max = 200;  // so that the longest name still fits into 255 bytes
  constexpr std::size_t id_digits = 12;
  const std::string id = sha256_hex(canonical_json(params)).substr(0, id_digits);
  return fmt::format(".{}.squall-{}", name.substr(0, name_max), id);
}

Result<KeptPlace> open_kept_place(const std::string& path, const json::object& params) {
  KeptPlace at {
    TRY(sys::open_place(path))
    , {}
  };
  at.kept = kept_name(at.name(), params);
  return at;
}

Result<KeptPlace> recorded_kept_place(const json::object& before) {
  return KeptPlace {
    TRY(sys::open_place(text_at(before, "path")))
    , sys::name_of(text_at(before, "kept"))
  };
}

Status check_is_free(const KeptPlace& at, const std::string& name) {
  if (!sys::exists_at(at.place, name)) return ok();
  return error(Code::conflict,
               fmt::format("{} exists: an original from an earlier run may be kept there",
                           at.place.path_of(name)),
               fmt::format("compare it with {} and move it back or away", at.path()));
}

Result<Reverted> ending_without_place(const Error& problem, std::string_view what) {
  if (problem.code == Code::not_found) {
    return Reverted{Ending::gone, fmt::format("{} was removed", what)};
  }
  if (problem.code == Code::conflict) return Reverted{Ending::foreign, problem.message};
  return problem;
}

}  // namespace squall::change
