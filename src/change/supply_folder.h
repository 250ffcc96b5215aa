// The files of an emulated battery and mains adapter, as the kernel shows real ones in
// /sys/class/power_supply (Documentation/ABI/testing/sysfs-class-power): one folder each, one
// value a file, in microvolts, microwatts and microwatt-hours.
#pragma once

#include <map>
#include <string>

#include "core/duration.h"
#include "core/result.h"
#include "sys/fd.h"

namespace squall::change {

// The charge goes from one share to the other, evenly, and then stays.
struct SupplyCurve {
  double from = 1;  // 0 to 1
  double to = 1;
  Duration over;
  bool mains_online = false;
};

double charge_after(const SupplyCurve& curve, Duration elapsed);
// Path below the folder -> content: "BAT0/capacity" -> "80\n".
std::map<std::string, std::string> supply_files(const SupplyCurve& curve, Duration elapsed);

// A tmpfs with the folders in it that is mounted nowhere yet. It shows up as `source` in mount
// tables once it is.
Result<sys::Fd> make_supply_folder(const std::string& source, const SupplyCurve& curve);
// Each file is exchanged as a whole, so that no reader finds half a value.
Status write_supply_folder(const sys::Fd& folder, const SupplyCurve& curve, Duration elapsed);

}  // namespace squall::change
