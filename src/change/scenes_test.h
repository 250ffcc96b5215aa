// Scenes for the law: for each change kind a real target on this host, the request that changes it,
// a look at it that shares nothing with the kind, and a third party that edits it meanwhile.
#pragma once

#include <functional>
#include <memory>
#include <ostream>
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
  // Edits what the change touched, for scenes that are editable.
  virtual void edit_as_third_party() {}
  // The part of the target that the third party edited.
  virtual std::string observe_edit() { return observe(); }
};

// What a scene is like, and so which parts of the law can be held on it.
struct Traits {
  bool needs_root = false;
  bool is_editable = false;       // a third party can edit what the change touched
  bool names_processes = false;   // the request holds pids with their start times
  bool touches_in_steps = false;  // apply and revert can be cut off half-way
};

struct SceneMaker {
  std::string name;  // of the scene: letters, digits and underscores
  std::string kind;
  Traits traits;
  // nullptr where this host has no such target.
  std::function<std::unique_ptr<Scene>()> make;
};

template <class S>
SceneMaker maker(std::string name, std::string kind, Traits traits) {
  return {std::move(name), std::move(kind), traits, [] { return std::make_unique<S>(); }};
}

// For messages of failed tests.
inline void PrintTo(const SceneMaker& maker, std::ostream* out) {
  *out << maker.name;
}

// At least one for every kind of the catalogue.
const std::vector<SceneMaker>& scenes();
// Those in files of their own, by area.
std::vector<SceneMaker> clock_scenes();
std::vector<SceneMaker> command_scenes();
std::vector<SceneMaker> container_scenes();
std::vector<SceneMaker> disk_scenes();
std::vector<SceneMaker> file_scenes();
std::vector<SceneMaker> load_scenes();
std::vector<SceneMaker> memory_scenes();
std::vector<SceneMaker> packet_scenes();
std::vector<SceneMaker> postgres_scenes();
std::vector<SceneMaker> power_scenes();
std::vector<SceneMaker> process_scenes();
std::vector<SceneMaker> redis_scenes();
std::vector<SceneMaker> service_scenes();
std::vector<SceneMaker> scenes_where(const std::function<bool(const SceneMaker&)>& wanted);

}  // namespace squall::change
