// The law, held over every change kind of the catalogue on real targets.
#include <csignal>
#include <filesystem>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "change/executor.h"
#include "change/scenes_test.h"
#include "sys/clock.h"

namespace squall::change {
namespace {

const Executor::Gate open_gate = [](const Kind&, const Footprint&) { return ok(); };
const std::string change_id = "run/0";

class Law : public testing::TestWithParam<SceneMaker> {
 protected:
  void SetUp() override {
    if (GetParam().needs_root && ::geteuid() != 0) GTEST_SKIP() << "needs root";
    std::string pattern = testing::TempDir() + "law-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    scene_ = GetParam().make();
    ASSERT_NE(scene_, nullptr);
    kind_ = find(catalogue(), GetParam().kind);
    ASSERT_NE(kind_, nullptr);
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
  Result<Applied> apply(Executor& executor) {
    return executor.apply(change_id, "run", scene_->request(), false, open_gate);
  }
  // Runs apply (and revert, when asked) in a child that is SIGKILLed at `step`.
  void die_at(Step step, bool with_revert) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const auto victim = executor([step](Step now) {
        if (now == step) ::kill(::getpid(), SIGKILL);
      });
      static_cast<void>(apply(*victim).ok());
      if (with_revert) static_cast<void>(victim->revert(change_id).ok());
      ::_exit(9);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child should have been killed at the step";
  }

  std::string folder_;
  std::unique_ptr<Scene> scene_;
  const Kind* kind_ = nullptr;
};

TEST_P(Law, ChangesTheHostAndPutsItBack) {
  const std::string before = scene_->observe();
  const auto keeper = executor();
  const Result<Applied> applied = apply(*keeper);
  ASSERT_TRUE(applied.ok()) << applied.error().render();
  EXPECT_NE(scene_->observe(), before) << "the change did not change anything";
  const Result<Reverted> reverted = keeper->revert(change_id);
  ASSERT_TRUE(reverted.ok()) << reverted.error().render();
  EXPECT_EQ(reverted->ending, Ending::restored);
  EXPECT_EQ(scene_->observe(), before);
  EXPECT_TRUE(keeper->live().empty());
}

TEST_P(Law, IsOnRecordBeforeTheHostIsTouched) {
  const std::string before = scene_->observe();
  bool looked = false;
  const auto keeper = executor([&](Step now) {
    if (now != Step::after_begin) return;
    looked = true;
    const Result<JournalContent> content = read_journal(folder_);
    ASSERT_TRUE(content.ok());
    ASSERT_EQ(content->records.size(), 1U);
    EXPECT_EQ(content->records[0].type, "begin");
    EXPECT_EQ(scene_->observe(), before);
  });
  ASSERT_TRUE(apply(*keeper).ok());
  EXPECT_TRUE(looked);
  EXPECT_TRUE(keeper->revert(change_id).ok());
}

TEST_P(Law, CapturesTheSameAfterTheUndoAsBefore) {
  const Result<json::object> before = kind_->capture(scene_->request().params);
  ASSERT_TRUE(before.ok()) << before.error().render();
  const auto keeper = executor();
  ASSERT_TRUE(apply(*keeper).ok());
  ASSERT_TRUE(keeper->revert(change_id).ok());
  const Result<json::object> after = kind_->capture(scene_->request().params);
  ASSERT_TRUE(after.ok());
  EXPECT_EQ(canonical_json(*before), canonical_json(*after));
}

TEST_P(Law, RevertsRightlyWhenApplyNeverRan) {
  if (kind_->keeping == Keeping::held)
    GTEST_SKIP() << "a held change has nothing to revert by itself";
  const std::string before = scene_->observe();
  const Request request = scene_->request();
  const Result<json::object> image = kind_->capture(request.params);
  ASSERT_TRUE(image.ok());
  const Result<Reverted> reverted = kind_->revert(request.params, *image);
  ASSERT_TRUE(reverted.ok()) << reverted.error().render();
  EXPECT_EQ(reverted->ending, Ending::was_absent);
  EXPECT_EQ(scene_->observe(), before);
}

TEST_P(Law, RevertsTwiceAsWellAsOnce) {
  const std::string before = scene_->observe();
  const Request request = scene_->request();
  const auto keeper = executor();
  ASSERT_TRUE(apply(*keeper).ok());
  const json::object image = keeper->live().at(0).before;
  ASSERT_TRUE(keeper->revert(change_id).ok());
  ASSERT_TRUE(keeper->revert(change_id).ok());
  if (kind_->keeping == Keeping::journaled) {
    const Result<Reverted> again = kind_->revert(request.params, image);
    ASSERT_TRUE(again.ok()) << again.error().render();
    EXPECT_NE(again->ending, Ending::restored);
  }
  EXPECT_EQ(scene_->observe(), before);
}

TEST_P(Law, IsUndoneByTheNextStartWhereverItDied) {
  const std::string before = scene_->observe();
  for (const Step step : {Step::before_begin, Step::after_begin, Step::after_apply,
                          Step::after_applied, Step::before_revert, Step::after_revert}) {
    const bool with_revert = step == Step::before_revert || step == Step::after_revert;
    die_at(step, with_revert);
    const auto successor = executor();
    for (const auto& [id, reverted] : successor->revert_all()) {
      ASSERT_TRUE(reverted.ok()) << reverted.error().render();
      EXPECT_NE(reverted->ending, Ending::foreign);
    }
    EXPECT_TRUE(successor->live().empty());
    EXPECT_EQ(scene_->observe(), before) << "died at step " << static_cast<int>(step);
  }
}

TEST_P(Law, LeavesWhatAThirdPartyChanged) {
  const auto keeper = executor();
  ASSERT_TRUE(apply(*keeper).ok());
  if (!scene_->edit_as_third_party()) {
    keeper->revert_all();
    GTEST_SKIP() << "nobody else can edit this";
  }
  const std::string edited = scene_->observe();
  const Result<Reverted> reverted = keeper->revert(change_id);
  ASSERT_TRUE(reverted.ok()) << reverted.error().render();
  EXPECT_NE(reverted->ending, Ending::restored);
  EXPECT_EQ(scene_->observe(), edited);
}

TEST_P(Law, RefusesAReusedPid) {
  Request request = scene_->request();
  if (!request.params.contains("start_ticks")) GTEST_SKIP() << "names no process by itself";
  request.params["start_ticks"] = integer_at(request.params, "start_ticks") + 1;
  const std::string before = scene_->observe();
  const auto keeper = executor();
  const Result<Applied> applied = keeper->apply(change_id, "run", request, false, open_gate);
  ASSERT_FALSE(applied.ok());
  EXPECT_EQ(applied.error().code, Code::not_found);
  EXPECT_EQ(scene_->observe(), before);
}

TEST_P(Law, SaysWhatItDoesAndHowItIsUndone) {
  const Request request = scene_->request();
  EXPECT_FALSE(kind_->describe(request.params).empty());
  EXPECT_FALSE(kind_->undo(request.params).empty());
  EXPECT_FALSE(kind_->about.empty());
}

INSTANTIATE_TEST_SUITE_P(Kinds, Law, testing::ValuesIn(scenes()),
                         [](const testing::TestParamInfo<SceneMaker>& scene) {
                           std::string name = scene.param.kind;
                           for (char& letter : name) letter = letter == '.' ? '_' : letter;
                           return name;
                         });

TEST(LawCoverage, HasASceneForEveryReversibleKind) {
  for (const Kind* kind : catalogue()) {
    if (kind->keeping == Keeping::irreversible) continue;
    bool has_scene = false;
    for (const SceneMaker& maker : scenes()) has_scene = has_scene || maker.kind == kind->name;
    EXPECT_TRUE(has_scene) << kind->name;
  }
}

}  // namespace
}  // namespace squall::change
