// The attributes of control groups that squall may set, and how the kernel spells them back.
//
// The list is closed: other files of a control group run programs (release_agent), kill, or cannot
// be given back what they showed. To tell our value from a third party's, it must be known what the
// file shows after a write: "20000" in cpu.max becomes "20000 100000", "64M" a number of bytes.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace squall::change {

// Code::invalid when `name` is not on the list or the kernel could not take `value`.
Status check_attribute(std::string_view name, std::string_view value);
// One spelling of what the file shows: without blanks around it, "FREEZING" as "FROZEN". Of files
// with a line for each device, the line of the device that `written`, a value that was or will be
// written, is about.
std::string shown_attribute(std::string_view name, std::string_view text, std::string_view written);
// What the file shows after `written` was written over `before`. Both were checked; `before` is a
// shown_attribute.
std::string attribute_after(std::string_view name, std::string_view before,
                            std::string_view written);

// The value with which the attribute, or the device that `written` is about, limits nothing. Both
// were checked.
std::string neutral_value(std::string_view name, std::string_view written);

// Reads (a shown_attribute) and writes `path`, the file of an attribute. Errors: Code::unsupported
// when the group has no such attribute, Code::invalid for a value that the kernel refused or a path
// elsewhere.
Result<std::string> read_attribute(const std::string& path, std::string_view written);
Status write_attribute(const std::string& path, std::string_view value);

}  // namespace squall::change
