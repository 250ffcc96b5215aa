// Scenes of power.supply.
#include "change/scenes_test.h"
#include "change/targets_power_test.h"

namespace squall::change {
namespace {

class PowerSupplyScene : public Scene {
 public:
  Request request() override {
    json::object params = victim_.params();
    params["from"] = "80 %";
    params["to"] = "5 %";
    params["over"] = "1 min";
    return {"power.supply", std::move(params)};
  }
  std::string observe() override { return victim_.look(); }
  void edit_as_third_party() override {
    victim_.run({"mount", "-t", "tmpfs", "third-party", "/sys/class/power_supply"});
  }

 private:
  PowerVictim victim_;
};

}  // namespace

std::vector<SceneMaker> power_scenes() {
  return {{"power_supply",
           "power.supply",
           {.needs_root = true, .is_editable = true, .names_processes = true},
           []() -> std::unique_ptr<Scene> {
             if (!can_have_power_victims()) return nullptr;
             return std::make_unique<PowerSupplyScene>();
           }}};
}

}  // namespace squall::change
