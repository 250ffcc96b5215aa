// The law, held over every change kind of the catalogue on real targets.
//
// Each part of it is a suite of its own, run on the scenes that it applies to.
#include <csignal>
#include <filesystem>
#include <iostream>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "change/deaths_test.h"
#include "change/executor.h"
#include "change/scenes_test.h"
#include "core/choices.h"
#include "sys/clock.h"

namespace squall::change {
namespace {

const Executor::Gate open_gate = [](const Kind&, const Footprint&) { return ok(); };
const std::string change_id = "run/0";
constexpr Duration patience = seconds(2);

class LawTest : public testing::TestWithParam<SceneMaker> {
 protected:
  void SetUp() override {
    const Traits& traits = GetParam().traits;
    if (traits.needs_root && ::geteuid() != 0) GTEST_SKIP() << "needs root";
    // The journal's syncs are not what is tested here, and memory makes them cheap.
    const std::string memory = "/dev/shm/";
    std::string pattern =
        (std::filesystem::exists(memory) ? memory : testing::TempDir()) + "law-of-squall-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    scene_ = GetParam().make();
    if (scene_ == nullptr) GTEST_SKIP() << "this host has no target for " << GetParam().kind;
    kind_ = find(catalogue(), GetParam().kind);
    ASSERT_NE(kind_, nullptr);
    before_ = scene_->observe();
  }
  void TearDown() override {
    scene_.reset();
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  std::unique_ptr<Executor> executor(std::function<void(Step)> observer = {}) {
    auto opened = Journal::open(folder_);
    EXPECT_TRUE(opened.ok());
    return std::make_unique<Executor>(std::move(*opened), catalogue(), std::move(observer));
  }
  Result<Applied> apply(Executor& executor, bool accept_irreversible = false) {
    return executor.apply(change_id, "run", scene_->request(), accept_irreversible, open_gate);
  }

  // Runs apply, and revert when asked, in a child that is killed on the way by `observer`.
  int die_in_child(const std::function<void(Step)>& observer, bool with_revert) {
    const pid_t child = ::fork();
    EXPECT_GE(child, 0);
    if (child == 0) {
      const auto victim = executor(observer);
      static_cast<void>(apply(*victim, true).ok());
      if (with_revert) static_cast<void>(victim->revert(change_id).ok());
      ::_exit(9);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return status;
  }
  void die_at(Step step, bool with_revert) {
    const int status = die_in_child(
        [step](Step now) {
          if (now == step) ::kill(::getpid(), SIGKILL);
        },
        with_revert);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child should have been killed at the step";
  }

  // What the next start of squall does.
  void replay() {
    const auto successor = executor();
    for (const auto& [id, reverted] : successor->revert_all()) {
      ASSERT_TRUE(reverted.ok()) << reverted.error().render();
      EXPECT_NE(reverted->ending, Ending::foreign) << reverted->detail;
    }
    EXPECT_TRUE(successor->live().empty());
  }

  // The kernel ends a held change a moment after its holder; all others are undone on return.
  std::string observe_settled() {
    std::string now = scene_->observe();
    if (kind_->keeping != Keeping::held) return now;
    const Duration deadline = sys::monotonic_now() + patience;
    while (now != before_ && sys::monotonic_now() < deadline) {
      sys::sleep_until(sys::monotonic_now() + milliseconds(1));
      now = scene_->observe();
    }
    return now;
  }

  std::string folder_;
  std::unique_ptr<Scene> scene_;
  const Kind* kind_ = nullptr;
  std::string before_;
};

class Law : public LawTest {};
class LawOfJournaledChanges : public LawTest {};
class LawOfHeldChanges : public LawTest {};
class LawOfIrreversibleChanges : public LawTest {};
class LawOfEditableChanges : public LawTest {};
class LawOfProcessChanges : public LawTest {};
class LawOfChangesInSteps : public LawTest {};

TEST_P(Law, ChangesTheHostAndPutsItBack) {
  const auto keeper = executor();
  const Result<Applied> applied = apply(*keeper);
  ASSERT_TRUE(applied.ok()) << applied.error().render();
  const json::object image = keeper->live().at(0).before;
  const json::object params = scene_->request().params;
  EXPECT_NE(scene_->observe(), before_) << "the change did not change anything";
  EXPECT_EQ(kind_->verify(params, image).value(), Presence::in_force);
  const Result<Reverted> reverted = keeper->revert(change_id);
  ASSERT_TRUE(reverted.ok()) << reverted.error().render();
  EXPECT_EQ(reverted->ending, Ending::restored);
  EXPECT_EQ(scene_->observe(), before_);
  EXPECT_EQ(kind_->verify(params, image).value(), Presence::absent);
  EXPECT_TRUE(keeper->live().empty());
}

TEST_P(Law, IsOnRecordBeforeTheHostIsTouched) {
  bool looked = false;
  const auto keeper = executor([&](Step now) {
    if (now != Step::after_begin) return;
    looked = true;
    const Result<JournalContent> content = read_journal(folder_);
    ASSERT_TRUE(content.ok());
    ASSERT_EQ(content->records.size(), 1U);
    EXPECT_EQ(content->records[0].type, "begin");
    EXPECT_EQ(scene_->observe(), before_);
  });
  ASSERT_TRUE(apply(*keeper).ok());
  EXPECT_TRUE(looked);
  EXPECT_TRUE(keeper->revert(change_id).ok());
}

TEST_P(Law, CapturesTheSameAfterTheUndoAsBefore) {
  const Result<json::object> before = kind_->capture(scene_->request().params);
  ASSERT_TRUE(before.ok()) << before.error().render();
  EXPECT_EQ(scene_->observe(), before_) << "capture touches nothing";
  const auto keeper = executor();
  ASSERT_TRUE(apply(*keeper).ok());
  ASSERT_TRUE(keeper->revert(change_id).ok());
  const Result<json::object> after = kind_->capture(scene_->request().params);
  ASSERT_TRUE(after.ok()) << after.error().render();
  EXPECT_EQ(canonical_json(*before), canonical_json(*after));
}

TEST_P(Law, RevertsTwiceAsWellAsOnce) {
  const auto keeper = executor();
  ASSERT_TRUE(apply(*keeper).ok());
  ASSERT_TRUE(keeper->revert(change_id).ok());
  const Result<Reverted> again = keeper->revert(change_id);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->ending, Ending::was_absent);
  EXPECT_EQ(scene_->observe(), before_);
}

TEST_P(Law, IsUndoneByTheNextStartWhereverItDied) {
  for (const Step step : {Step::before_begin, Step::after_begin, Step::after_apply,
                          Step::after_applied, Step::before_revert, Step::after_revert}) {
    const bool with_revert = step == Step::before_revert || step == Step::after_revert;
    die_at(step, with_revert);
    replay();
    EXPECT_EQ(observe_settled(), before_) << "died at step " << static_cast<int>(step);
  }
}

TEST_P(Law, RefusesToTouchTheSameThingTwice) {
  const auto keeper = executor();
  ASSERT_TRUE(apply(*keeper).ok());
  const std::vector<std::string> resources = keeper->live().at(0).footprint.resources;
  const std::string changed = scene_->observe();
  if (!resources.empty()) {
    const Result<Applied> second =
        keeper->apply("run/1", "run", scene_->request(), false, open_gate);
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code, Code::conflict) << second.error().render();
    EXPECT_EQ(scene_->observe(), changed);
  }
  EXPECT_TRUE(keeper->revert(change_id).ok());
}

TEST_P(Law, SaysWhatItDoesAndHowItIsUndone) {
  const Request request = scene_->request();
  EXPECT_FALSE(kind_->describe(request.params).empty());
  EXPECT_FALSE(kind_->undo(request.params).empty());
}

TEST_P(LawOfJournaledChanges, RevertsRightlyWhenApplyNeverRan) {
  const Request request = scene_->request();
  const Result<json::object> image = kind_->capture(request.params);
  ASSERT_TRUE(image.ok());
  const Result<Reverted> reverted = kind_->revert(request.params, *image);
  ASSERT_TRUE(reverted.ok()) << reverted.error().render();
  EXPECT_EQ(reverted->ending, Ending::was_absent);
  EXPECT_EQ(scene_->observe(), before_);
}

TEST_P(LawOfJournaledChanges, FindsNothingToDoInASecondRevert) {
  const Request request = scene_->request();
  const auto keeper = executor();
  ASSERT_TRUE(apply(*keeper).ok());
  const json::object image = keeper->live().at(0).before;
  ASSERT_TRUE(keeper->revert(change_id).ok());
  const Result<Reverted> again = kind_->revert(request.params, image);
  ASSERT_TRUE(again.ok()) << again.error().render();
  EXPECT_EQ(again->ending, Ending::was_absent);
  EXPECT_EQ(scene_->observe(), before_);
}

TEST_P(LawOfHeldChanges, EndsByItselfWhenEverybodyIsKilled) {
  die_at(Step::after_applied, false);
  // What the kernel leaves behind, such as an empty control group, goes with the next start.
  if (kind_->revert) replay();
  EXPECT_EQ(observe_settled(), before_);
}

TEST_P(LawOfHeldChanges, EndsWithItsHolderAndIsMissed) {
  const auto keeper = executor();
  ASSERT_TRUE(apply(*keeper).ok());
  ASSERT_NE(scene_->observe(), before_);
  EXPECT_TRUE(keeper->lost_holders().empty());
  ::kill(static_cast<pid_t>(integer_at(keeper->live().at(0).before, "holder_pid")), SIGKILL);
  if (!kind_->revert) {
    EXPECT_EQ(observe_settled(), before_);
  }
  const Duration deadline = sys::monotonic_now() + patience;
  std::vector<std::string> lost;
  while (lost.empty() && sys::monotonic_now() < deadline) lost = keeper->lost_holders();
  EXPECT_EQ(lost, std::vector<std::string>{change_id});
  EXPECT_TRUE(keeper->revert(change_id).ok());
  EXPECT_EQ(observe_settled(), before_);
}

TEST_P(LawOfIrreversibleChanges, AreRefusedUnlessAccepted) {
  const auto keeper = executor();
  const Result<Applied> applied = apply(*keeper, false);
  ASSERT_FALSE(applied.ok());
  EXPECT_EQ(applied.error().code, Code::refused);
  EXPECT_EQ(scene_->observe(), before_);
  EXPECT_TRUE(read_journal(folder_)->records.empty());
}

TEST_P(LawOfIrreversibleChanges, AreOnRecordBeforeAndNotTriedAgainAfterACrash) {
  die_at(Step::after_begin, false);
  EXPECT_EQ(read_journal(folder_)->records.size(), 1U);
  replay();
  EXPECT_EQ(scene_->observe(), before_);
  const auto keeper = executor();
  const Result<Applied> applied = apply(*keeper, true);
  ASSERT_TRUE(applied.ok()) << applied.error().render();
  EXPECT_TRUE(keeper->live().empty());
  EXPECT_NE(applied->undo.find("cannot be undone"), std::string::npos);
  const Duration deadline = sys::monotonic_now() + patience;
  while (scene_->observe() == before_ && sys::monotonic_now() < deadline) {
    sys::sleep_until(sys::monotonic_now() + milliseconds(1));
  }
  EXPECT_NE(scene_->observe(), before_);
}

TEST_P(LawOfEditableChanges, LeaveWhatAThirdPartyChanged) {
  const auto keeper = executor();
  ASSERT_TRUE(apply(*keeper).ok());
  scene_->edit_as_third_party();
  const std::string edited = scene_->observe_edit();
  const Result<Reverted> reverted = keeper->revert(change_id);
  ASSERT_TRUE(reverted.ok()) << reverted.error().render();
  EXPECT_NE(reverted->ending, Ending::restored);
  EXPECT_FALSE(reverted->detail.empty());
  EXPECT_EQ(scene_->observe_edit(), edited);
  EXPECT_TRUE(keeper->live().empty());
}

TEST_P(LawOfEditableChanges, LeaveItAlsoAfterACrash) {
  die_at(Step::after_apply, false);
  scene_->edit_as_third_party();
  const std::string edited = scene_->observe_edit();
  const auto successor = executor();
  // What was held may have gone with its holder before the edit, and is then simply over.
  const bool may_be_gone = kind_->keeping == Keeping::held;
  for (const auto& [id, reverted] : successor->revert_all()) {
    ASSERT_TRUE(reverted.ok()) << reverted.error().render();
    EXPECT_TRUE(reverted->ending != Ending::restored || may_be_gone);
  }
  EXPECT_EQ(scene_->observe_edit(), edited);
}

// Every start time in the request becomes that of another process.
void make_stale(json::value& value) {
  if (json::array* items = value.if_array()) {
    for (json::value& item : *items) make_stale(item);
  }
  json::object* members = value.if_object();
  if (members == nullptr) return;
  for (auto& member : *members) {
    if (member.key() == "start_ticks") {
      member.value() = member.value().as_int64() + 1;
    } else {
      make_stale(member.value());
    }
  }
}

TEST_P(LawOfProcessChanges, RefuseAReusedPid) {
  Request request = scene_->request();
  json::value params = request.params;
  make_stale(params);
  ASSERT_NE(canonical_json(params), canonical_json(request.params));
  request.params = params.get_object();
  const auto keeper = executor();
  const Result<Applied> applied = keeper->apply(change_id, "run", request, true, open_gate);
  ASSERT_FALSE(applied.ok());
  EXPECT_EQ(applied.error().code, Code::not_found) << applied.error().render();
  EXPECT_EQ(scene_->observe(), before_);
}

TEST_P(LawOfJournaledChanges, AreUndoneWhicheverCallToTheKernelWasTheLast) {
  constexpr int survived = 8;
  constexpr int unwatched = 7;
  for (const bool in_revert : {false, true}) {
    const Step start = in_revert ? Step::before_revert : Step::after_begin;
    const Step end = in_revert ? Step::after_revert : Step::after_apply;
    std::uint64_t count = 1;
    for (;; ++count) {
      const int status = die_in_child(
          [&](Step now) {
            if (now == start && !die_before_call(count)) ::_exit(unwatched);
            if (now == end) ::_exit(survived);
          },
          in_revert);
      replay();
      ASSERT_EQ(scene_->observe(), before_)
          << "died before call " << count << " of " << (in_revert ? "revert" : "apply");
      if (WIFEXITED(status) && WEXITSTATUS(status) == unwatched) {
        GTEST_SKIP() << "this kernel has no seccomp user notification";
      }
      if (!WIFSIGNALED(status)) break;
    }
    EXPECT_GT(count, 1U) << "nothing was cut off";
    std::cout << GetParam().name << ": " << (in_revert ? "revert" : "apply") << " cut off at "
              << count - 1 << " points\n";
  }
}

TEST_P(LawOfChangesInSteps, AreUndoneWhereverInAStepTheyDied) {
  constexpr std::uint64_t trials = 36;
  // How long apply and revert take here, over which the deaths are spread.
  std::array<Duration, 7> at;
  const auto rehearsal =
      executor([&](Step now) { at[static_cast<std::size_t>(now)] = sys::monotonic_now(); });
  ASSERT_TRUE(apply(*rehearsal).ok());
  ASSERT_TRUE(rehearsal->revert(change_id).ok());
  const auto between = [&](Step from, Step to) {
    return at[static_cast<std::size_t>(to)] - at[static_cast<std::size_t>(from)];
  };
  std::array spans{between(Step::after_begin, Step::after_apply),
                   between(Step::before_revert, Step::after_revert)};
  const Choices choices(2024, GetParam().name);
  int killed_within = 0;
  int half_done = 0;
  for (std::uint64_t trial = 0; trial < trials; ++trial) {
    const bool in_revert = trial % 2 == 1;
    const Step start = in_revert ? Step::before_revert : Step::after_begin;
    const Step end = in_revert ? Step::after_revert : Step::after_apply;
    Duration& span = spans[trial % 2];
    const Duration delay = span.scaled(choices.unit("", "delay", trial));
    const int status = die_in_child(
        [&](Step now) {
          if (now == start) die_after(delay);
          if (now == end) ::_exit(8);
        },
        in_revert);
    // The machine is never equally fast: follow it, so that most deaths fall within.
    span = span.scaled(WIFSIGNALED(status) ? 1.1 : 0.8);
    killed_within += WIFSIGNALED(status) ? 1 : 0;
    half_done += scene_->observe() != before_ ? 1 : 0;
    replay();
    ASSERT_EQ(observe_settled(), before_)
        << "trial " << trial << ": died " << render(delay) << " after the start of "
        << (in_revert ? "revert" : "apply");
  }
  std::cout << GetParam().name << ": " << killed_within << " of " << trials
            << " were killed within a touch, " << half_done << " left something to undo\n";
  EXPECT_GT(killed_within, static_cast<int>(trials) / 4);
}

std::string scene_name(const testing::TestParamInfo<SceneMaker>& scene) {
  return scene.param.name;
}
auto kept_by(Keeping keeping) {
  return testing::ValuesIn(scenes_where([keeping](const SceneMaker& maker) {
    return find(catalogue(), maker.kind)->keeping == keeping;
  }));
}
auto with_trait(bool Traits::*trait) {
  return testing::ValuesIn(
      scenes_where([trait](const SceneMaker& maker) { return maker.traits.*trait; }));
}
auto reversible() {
  return testing::ValuesIn(scenes_where([](const SceneMaker& maker) {
    return find(catalogue(), maker.kind)->keeping != Keeping::irreversible;
  }));
}

INSTANTIATE_TEST_SUITE_P(Kinds, Law, reversible(), scene_name);
INSTANTIATE_TEST_SUITE_P(Kinds, LawOfJournaledChanges, kept_by(Keeping::journaled), scene_name);
INSTANTIATE_TEST_SUITE_P(Kinds, LawOfHeldChanges, kept_by(Keeping::held), scene_name);
INSTANTIATE_TEST_SUITE_P(Kinds, LawOfIrreversibleChanges, kept_by(Keeping::irreversible),
                         scene_name);
INSTANTIATE_TEST_SUITE_P(Kinds, LawOfEditableChanges, with_trait(&Traits::is_editable), scene_name);
INSTANTIATE_TEST_SUITE_P(Kinds, LawOfProcessChanges, with_trait(&Traits::names_processes),
                         scene_name);
INSTANTIATE_TEST_SUITE_P(Kinds, LawOfChangesInSteps, with_trait(&Traits::touches_in_steps),
                         scene_name);

TEST(LawCoverage, HasASceneForEveryKind) {
  for (const Kind* kind : catalogue()) {
    EXPECT_FALSE(
        scenes_where([&](const SceneMaker& maker) { return maker.kind == kind->name; }).empty())
        << kind->name;
  }
}

}  // namespace
}  // namespace squall::change
