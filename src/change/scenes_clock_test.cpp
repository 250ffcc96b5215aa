// Scenes of process.clock.
#include <cstring>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "change/scenes_test.h"
#include "change/targets_clock_test.h"
#include "core/check.h"
#include "sys/file.h"

namespace squall::change {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

class ProcessClockScene : public Scene {
 public:
  explicit ProcessClockScene(ClockVictim::Setting setting) : victim_(setting) {}
  Request request() override {
    json::object params = victim_.params();
    params["offset_ns"] = 3600 * second_ns;
    params["rate_ppb"] = 1000;
    return {"process.clock", std::move(params)};
  }
  // A victim that was left standing does not answer.
  std::string observe() override {
    const std::optional<ClockReadings> readings = victim_.read();
    if (!readings) return "it does not answer";
    const std::int64_t rounded = (readings->realtime_ns + second_ns / 2) / second_ns;
    const bool is_untouched = victim_.vdso() == own_vdso();
    return fmt::format("{} s ahead, vDSO {}", rounded, is_untouched ? "untouched" : "changed");
  }
  // Writes into the first page, where the clock functions are, as another tool of this sort would.
  void edit_as_third_party() override {
    const sys::Fd memory =
        sys::open_file(fmt::format("/proc/{}/mem", victim_.id().pid), O_RDWR).value();
    const std::string all = victim_.vdso();
    std::string own = own_vdso();
    std::size_t changed = 0;
    while (changed < all.size() && all[changed] == own[changed]) ++changed;
    CHECK(changed < all.size(), "the change is in force");
    CHECK(sys::write_at(memory, base() + changed + 5, "\x90").ok(), "the copy can be written");
  }
  std::string observe_edit() override { return victim_.vdso(); }

 private:
  static std::uint64_t base() { return ::getauxval(AT_SYSINFO_EHDR); }
  static std::string own_vdso() { return {reinterpret_cast<const char*>(base()), 8192}; }

  ClockVictim victim_;
};

SceneMaker maker(std::string name, ClockVictim::Setting setting, Traits traits) {
  return {std::move(name), "process.clock", traits, [setting]() -> std::unique_ptr<Scene> {
#if defined(__x86_64__)
            return std::make_unique<ProcessClockScene>(setting);
#else
            return nullptr;
#endif
          }};
}

}  // namespace

std::vector<SceneMaker> clock_scenes() {
  return {maker("process_clock", {},
                {.is_editable = true, .names_processes = true, .touches_in_steps = true}),
          maker("process_clock_of_a_container", {.has_own_namespaces = true},
                {.needs_root = true, .names_processes = true})};
}

}  // namespace squall::change
