// cgroup.attribute: one attribute of an existing control group has another value.
//
// All processes of the group, now and later, feel it. Journaled, because the value stays when the
// one who wrote it dies. The undo writes the old value back if the file still shows ours, as the
// kernel spells it; any other value is a third party's and is left. A group that was removed, or
// removed and made again under the same name, has nothing to undo.
//
// Only attributes of a closed list (cgroup_attributes.h) and only files of a mounted cgroup
// hierarchy are written. Where two attributes bound each other (cpu.cfs_quota_us and
// cpu.cfs_period_us), the order of the changes matters: they are undone newest first.
#include <fmt/core.h>

#include "change/set_attribute.h"
#include "change/typed.h"
#include "core/text.h"

namespace squall::change {
namespace {

struct CgroupAttribute {
  std::string path;
  std::string value;
};

const param::Table<CgroupAttribute> table{{
    param::field("path", &CgroupAttribute::path,
                 {.about = "The file of the attribute.", .required = true}),
    param::field("value", &CgroupAttribute::value,
                 {.about = "What is written to it.", .required = true}),
}};

Result<Footprint> footprint(const CgroupAttribute& params) {
  const std::string path = TRY(attribute_path(params.path, params.value));
  return Footprint{.paths = {path}, .resources = {"cgroup attribute " + path}};
}

Result<json::object> capture(const CgroupAttribute& params) {
  return record_attribute(params.path, params.value);
}

// Records of a journal that was written before it held the value.
json::object whole(const CgroupAttribute& params, json::object before) {
  before["value"] = params.value;
  return before;
}

Result<json::object> apply(const CgroupAttribute& params, const json::object& before) {
  TRY_VOID(set_attribute(whole(params, before)));
  return json::object{};
}

Result<Presence> verify(const CgroupAttribute& params, const json::object& before) {
  return attribute_presence(whole(params, before));
}

Result<Reverted> revert(const CgroupAttribute& params, const json::object& before) {
  return unset_attribute(whole(params, before));
}

std::string describe(const CgroupAttribute& params) {
  return fmt::format("write {} to {}", quote(params.value), printable(params.path));
}

std::string undo(const CgroupAttribute& params) {
  return fmt::format("write the old value to {} back, unless somebody else changed it",
                     printable(params.path));
}

}  // namespace

extern const Kind kind_cgroup_attribute;
const Kind kind_cgroup_attribute = make_kind<CgroupAttribute>({
    .name = "cgroup.attribute",
    .about = "One attribute of an existing control group has another value.",
    .keeping = Keeping::journaled,
    .table = &table,
    .footprint = footprint,
    .capture = capture,
    .apply = apply,
    .verify = verify,
    .revert = revert,
    .describe = describe,
    .undo = undo,
});

}  // namespace squall::change
