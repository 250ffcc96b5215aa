// Every change kind, by the scenes that its law is held on: how long from the command until the
// target shows it, and how long until the target is as before.
//
// The look at the target is the scene's own, which shares nothing with the kind; what the look
// itself costs is in the figure, and stands beside when the guardian was done (a look at a service
// starts its manager's own tool, which takes longer than most changes).
#include <fmt/core.h>
#include <sys/prctl.h>

#include "change/scenes_test.h"
#include "measure.h"
#include "sys/clock.h"
#include "sys/scratch_mount_test.h"

namespace squall::bench {
namespace {

constexpr Duration patience = seconds(5);
constexpr Duration pause = microseconds(100);

// Milliseconds from `start` until the scene looks as wanted; negative when it never does.
double wait_for_look(change::Scene& scene, Duration start, const std::string& before,
                     bool as_before) {
  while (sys::monotonic_now() - start < patience) {
    if ((scene.observe() == before) == as_before) {
      return (sys::monotonic_now() - start).milliseconds();
    }
    sys::sleep_until(sys::monotonic_now() + pause);
  }
  return -1;
}

struct Times {
  Samples effect;
  Samples undo;
  Samples answer;  // until the guardian had made the change, and until it had undone it
  Samples undone;
  std::string problem;
};

Times measure(const change::SceneMaker& maker, int repetitions) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // some scenes look for what stands below this process
  sys::have_own_mounts();              // some mount, where the guardian must see it too
  const Workplace workplace;
  const auto session = workplace.open("bench");
  Times times;
  for (int i = 0; i < repetitions && times.problem.empty(); ++i) {
    const std::unique_ptr<change::Scene> scene = maker.make();
    if (scene == nullptr) {
      times.problem = "this host has no such target";
      break;
    }
    const change::Request request = scene->request();
    const std::string before = scene->observe();
    const std::string id = std::to_string(i);
    Duration start = sys::monotonic_now();
    const auto applied = session->apply(id, request);
    if (!applied.ok()) {
      times.problem = applied.error().render();
      break;
    }
    times.answer.push_back((applied->applied - applied->commanded).milliseconds());
    const double effect = wait_for_look(*scene, start, before, false);
    start = sys::monotonic_now();
    static_cast<void>(session->revert(id).ok());
    times.undone.push_back((sys::monotonic_now() - start).milliseconds());
    const double undo = wait_for_look(*scene, start, before, true);
    if (effect < 0 || undo < 0) {
      times.problem = effect < 0 ? "the effect was never seen" : "the undo was never seen";
    }
    times.effect.push_back(effect);
    times.undo.push_back(undo);
  }
  return times;
}

// Filling takes as long as what is filled, and a mount ends when the kernel is done with it.
bool is_fill(std::string_view kind) {
  return kind.find("ballast") != std::string_view::npos ||
         kind.find("inodes") != std::string_view::npos;
}
bool is_mount(std::string_view kind) {
  return kind.find("overlay") != std::string_view::npos ||
         kind.find("power") != std::string_view::npos;
}

}  // namespace

std::vector<Row> bench_kinds(int repetitions) {
  std::vector<Row> rows;
  for (const change::SceneMaker& maker : change::scenes()) {
    const change::Kind* kind = change::find(change::catalogue(), maker.kind);
    if (kind == nullptr || kind->keeping == change::Keeping::irreversible) continue;
    const Times times = measure(maker, repetitions);
    if (!times.problem.empty()) {
      rows.push_back({maker.name, {}, "", false, times.problem});
      continue;
    }
    Row effect{maker.name + ": command to effect", times.effect, "median <= 10 ms"};
    effect.is_reached = is_fill(maker.kind) || quantile(times.effect, 0.5) <= 10;
    Row undo{maker.name + ": undo", times.undo, "median <= 50 ms"};
    undo.is_reached = is_mount(maker.kind) || quantile(times.undo, 0.5) <= 50;
    effect.note = fmt::format("made after {:.2f} ms", quantile(times.answer, 0.5));
    undo.note = fmt::format("undone and verified after {:.2f} ms", quantile(times.undone, 0.5));
    rows.push_back(std::move(effect));
    rows.push_back(std::move(undo));
  }
  return rows;
}

}  // namespace squall::bench
