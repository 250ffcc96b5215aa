#include "witness/supplies.h"

#include <charconv>

#include "core/text.h"
#include "sys/file.h"

namespace squall::witness {
namespace {

// A value is one short line. A file that is not there gives an empty text.
std::string value_of(const std::string& folder, const char* name) {
  const Result<std::string> text = sys::read_file(folder + "/" + name, 4096);
  return text.ok() ? std::string(trim(*text)) : "";
}

std::optional<int> number(const std::string& text) {
  int value = 0;
  const auto [rest, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || problem != std::errc() || *rest != '\0') return std::nullopt;
  return value;
}

}  // namespace

Result<std::vector<Supply>> read_supplies(const Subject& subject) {
  std::vector<Supply> supplies;
  const std::string folder = subject.path("root/sys/class/power_supply");
  const Result<std::vector<std::string>> names = sys::list_folder(folder);
  if (!names.ok()) {
    if (subject.has_ended() || names.error().code == Code::not_found) return supplies;
    return Error(names.error());
  }
  for (const std::string& name : *names) {
    const std::string own = folder + "/" + name;
    const std::optional<int> online = number(value_of(own, "online"));
    supplies.push_back({.name = name,
                        .type = value_of(own, "type"),
                        .status = value_of(own, "status"),
                        .percent = number(value_of(own, "capacity")),
                        .online = online ? std::optional(*online != 0) : std::nullopt});
  }
  if (subject.has_ended()) supplies.clear();
  return supplies;
}

const param::Table<SupplyTarget> supply_table{{
    param::field("pid", &SupplyTarget::pid,
                 {.about = "The process whose eyes are used.", .required = true, .min = 1}),
    param::field("start_ticks", &SupplyTarget::start_ticks,
                 {.about = "Its start time, as in /proc/PID/stat.", .required = true}),
}};

}  // namespace squall::witness
