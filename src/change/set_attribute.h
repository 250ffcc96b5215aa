// One attribute of a control group set to another value, with a record that says how it was and
// what it shows now. Shared by the change kinds that write attributes.
//
// The record is {"path", "group", "value", "before", "after"}: the file, the inode of its folder
// (which tells a control group from a later one of the same name), what is written, and what the
// file shows before and after.
#pragma once

#include <string>

#include "change/change.h"

namespace squall::change {

// The real path of the attribute, after all that can be checked without reading it. Errors as of
// check_attribute, and Code::invalid when it lies in no mounted hierarchy.
Result<std::string> attribute_path(const std::string& path, const std::string& value);
// The record; touches nothing.
Result<json::object> record_attribute(const std::string& path, const std::string& value);
// Writes the value. Code::not_found when the group is gone, Code::failed when the file shows
// something else afterwards.
Status set_attribute(const json::object& record);
// A group that is gone counts as absent.
Result<Presence> attribute_presence(const json::object& record);
// Writes the old value back where the file shows ours.
Result<Reverted> unset_attribute(const json::object& record);

}  // namespace squall::change
