// Scenes for the law: for each change kind a real target on this host, the request that changes it,
// a look at it that shares nothing with the kind, and a third party that edits it meanwhile.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "change/change.h"

namespace squall::change {

class Scene {
 public:
  virtual ~Scene() = default;
  virtual Request request() = 0;
  // Everything about the target that the kind could touch, as text.
  virtual std::string observe() = 0;
  // Edits what the change touched. False where no third party could (a process of ours in a
  // namespace).
  virtual bool edit_as_third_party() { return false; }
};

struct SceneMaker {
  std::string kind;
  bool needs_root = false;
  std::function<std::unique_ptr<Scene>()> make;
};

// One for every reversible kind of the catalogue.
const std::vector<SceneMaker>& scenes();

}  // namespace squall::change
