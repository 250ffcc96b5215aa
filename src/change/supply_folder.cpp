#include "change/supply_folder.h"

#include <algorithm>
#include <cerrno>
#include <cmath>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/file.h"

namespace squall::change {
namespace {

// A notebook's battery: 50 Wh in three cells, each with 3.5 V when empty and 4.2 V when full.
constexpr double full_uwh = 50e6;
constexpr double empty_uv = 10.5e6;
constexpr double full_uv = 12.6e6;
constexpr double full_share = 0.995;

std::string_view status_of(const SupplyCurve& curve, double charge) {
  if (curve.to > curve.from) return charge >= full_share ? "Full" : "Charging";
  if (!curve.mains_online) return "Discharging";
  return charge >= full_share ? "Full" : "Not charging";
}

std::string_view level_of(double charge) {
  if (charge <= 0.05) return "Critical";
  if (charge <= 0.15) return "Low";
  if (charge >= full_share) return "Full";
  return charge >= 0.8 ? "High" : "Normal";
}

// What runs in or out, so that readers who reckon how long the charge lasts get it right.
double power_uw(const SupplyCurve& curve, Duration elapsed) {
  if (elapsed >= curve.over || curve.over.nanoseconds == 0) return 0;
  return std::abs(curve.from - curve.to) * full_uwh / (curve.over.seconds() / 3600);
}

std::string uevent_of(const std::string& name, const std::map<std::string, std::string>& values) {
  std::string text = "POWER_SUPPLY_NAME=" + name + "\n";
  for (const auto& [key, value] : values) {
    std::string upper = key;
    std::transform(upper.begin(), upper.end(), upper.begin(),
                   [](unsigned char letter) { return static_cast<char>(std::toupper(letter)); });
    text += "POWER_SUPPLY_" + upper + "=" + value + "\n";
  }
  return text;
}

std::string whole(double value) {
  return fmt::format("{:.0f}", value);
}

Status fail(std::string_view what) {
  return errno_error(errno, what);
}

Status configure(int context, const char* key, const char* value) {
  if (::fsconfig(context, FSCONFIG_SET_STRING, key, value, 0) == 0) return ok();
  return fail(fmt::format("setting {} of a filesystem in memory", key));
}

}  // namespace

double charge_after(const SupplyCurve& curve, Duration elapsed) {
  if (elapsed >= curve.over) return curve.to;
  return curve.from + (curve.to - curve.from) * (elapsed.seconds() / curve.over.seconds());
}

std::map<std::string, std::string> supply_files(const SupplyCurve& curve, Duration elapsed) {
  const double charge = charge_after(curve, elapsed);
  const std::map<std::string, std::string> battery{
      {"type", "Battery"},
      {"scope", "System"},
      {"present", "1"},
      {"technology", "Li-ion"},
      {"manufacturer", "squall"},
      {"model_name", "emulated"},
      {"status", std::string(status_of(curve, charge))},
      {"capacity", whole(std::round(charge * 100))},
      {"capacity_level", std::string(level_of(charge))},
      {"voltage_min_design", whole(empty_uv)},
      {"voltage_now", whole(empty_uv + (full_uv - empty_uv) * charge)},
      {"energy_full_design", whole(full_uwh)},
      {"energy_full", whole(full_uwh)},
      {"energy_now", whole(full_uwh * charge)},
      {"power_now", whole(power_uw(curve, elapsed))},
  };
  const std::map<std::string, std::string> mains{
      {"type", "Mains"}, {"scope", "System"}, {"online", curve.mains_online ? "1" : "0"}};
  std::map<std::string, std::string> files;
  for (const auto& [key, value] : battery) files["BAT0/" + key] = value + "\n";
  for (const auto& [key, value] : mains) files["AC/" + key] = value + "\n";
  files["BAT0/uevent"] = uevent_of("BAT0", battery);
  files["AC/uevent"] = uevent_of("AC", mains);
  return files;
}

Result<sys::Fd> make_supply_folder(const std::string& source, const SupplyCurve& curve) {
  const sys::Fd context(::fsopen("tmpfs", FSOPEN_CLOEXEC));
  if (!context.valid()) {
    return errno_error(errno, "making a filesystem in memory")
        .advise("it takes root and Linux 5.2 or newer");
  }
  TRY_VOID(configure(context.get(), "source", source.c_str()));
  TRY_VOID(configure(context.get(), "size", "256k"));
  TRY_VOID(configure(context.get(), "mode", "0755"));
  if (::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    return errno_error(errno, "making a filesystem in memory");
  }
  constexpr unsigned rights = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  sys::Fd folder(::fsmount(context.get(), FSMOUNT_CLOEXEC, rights));
  if (!folder.valid()) return errno_error(errno, "making a filesystem in memory");
  for (const char* name : {"BAT0", "AC"}) {
    if (::mkdirat(folder.get(), name, 0755) != 0) {
      return errno_error(errno, fmt::format("making the folder {}", name));
    }
  }
  TRY_VOID(write_supply_folder(folder, curve, {}));
  return folder;
}

Status write_supply_folder(const sys::Fd& folder, const SupplyCurve& curve, Duration elapsed) {
  for (const auto& [path, content] : supply_files(curve, elapsed)) {
    const std::string fresh = path + ".new";
    const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC;
    const sys::Fd file(::openat(folder.get(), fresh.c_str(), flags, 0444));
    if (!file.valid()) return fail("writing " + path);
    if (::fchmod(file.get(), 0444) != 0) return fail("writing " + path);
    TRY_VOID(sys::write_all(file, content), "writing " + path);
    if (::renameat(folder.get(), fresh.c_str(), folder.get(), path.c_str()) != 0) {
      return fail("writing " + path);
    }
  }
  return ok();
}

}  // namespace squall::change
