// What every ledger must do, whatever database keeps it: a second engine joins the list of
// implementations at the end of this file.
#include <atomic>
#include <fstream>
#include <latch>
#include <thread>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/digest.h"
#include "ledger/database.h"
#include "ledger/ledger.h"
#include "ledger/scratch_test.h"
#include "sys/file.h"

namespace squall::ledger {
namespace {

using testing::HasSubstr;

// One engine: a place for a new ledger, the ledger, and a way around it for the tests.
struct Engine {
  std::string name;
  Result<std::unique_ptr<Ledger>> (*open)(const std::string& folder);
  Result<std::unique_ptr<Database>> (*open_database)(const std::string& folder);
};

class LedgerContract : public testing::TestWithParam<Engine> {
 protected:
  void SetUp() override { reopen(); }
  void reopen() {
    ledger_.reset();
    Result<std::unique_ptr<Ledger>> opened = GetParam().open(scratch_.folder);
    ASSERT_TRUE(opened.ok()) << opened.error().render();
    ledger_ = std::move(*opened);
  }
  void fill(int count) {
    for (int i = 1; i <= count; ++i) {
      const auto row = ledger_->append(scratch_.run(i));
      ASSERT_TRUE(row.ok()) << row.error().render();
    }
  }
  void tamper(std::string_view statement, const Values& arguments = {}) {
    auto database = GetParam().open_database(scratch_.folder);
    ASSERT_TRUE(database.ok()) << database.error().render();
    const auto done = (*database)->run(statement, arguments);
    ASSERT_TRUE(done.ok()) << done.error().render();
  }
  Damage damage() {
    const auto verified = ledger_->verify();
    EXPECT_TRUE(verified.ok()) << verified.error().render();
    if (!verified.ok() || !verified->damage) return {-1, "", "", "no damage"};
    return *verified->damage;
  }
  void expect_damage(std::int64_t row, std::string_view field) {
    const Damage found = damage();
    EXPECT_EQ(found.row, row) << found.message;
    EXPECT_EQ(found.field, field) << found.message;
  }

  Scratch scratch_;
  std::unique_ptr<Ledger> ledger_;
};

TEST_P(LedgerContract, BeginsEmptyAndWhole) {
  EXPECT_TRUE(ledger_->list(10)->empty());
  const auto verified = ledger_->verify();
  ASSERT_TRUE(verified.ok());
  EXPECT_EQ(verified->rows, 0);
  EXPECT_FALSE(verified->damage.has_value());
  const auto last = ledger_->find("last");
  ASSERT_FALSE(last.ok());
  EXPECT_EQ(last.error().code, Code::not_found);
}

TEST_P(LedgerContract, KeepsEveryFieldAcrossReopening) {
  ledger::Run run = scratch_.run(1);
  run.seed = UINT64_MAX;
  run.learnt = "caf\xc3\xa9 'quoted' \"twice\" \\ $1 ; drop table run --\n";
  run.duration = nanoseconds(-1);
  ASSERT_TRUE(ledger_->append(run).ok());
  reopen();
  const auto found = ledger_->find(run.id);
  ASSERT_TRUE(found.ok()) << found.error().render();
  EXPECT_EQ(found->number, 1);
  EXPECT_EQ(found->run.id, run.id);
  EXPECT_EQ(found->run.wall, run.wall);
  EXPECT_EQ(found->run.scenario, run.scenario);
  EXPECT_EQ(found->run.plan_hash, run.plan_hash);
  EXPECT_EQ(found->run.seed, run.seed);
  EXPECT_EQ(found->run.outcome, run.outcome);
  EXPECT_EQ(found->run.exit_code, run.exit_code);
  EXPECT_EQ(found->run.learnt, run.learnt);
  EXPECT_EQ(found->run.duration, run.duration);
  EXPECT_EQ(found->run.timeline_path, run.timeline_path);
  EXPECT_EQ(found->run.timeline_sha256, run.timeline_sha256);
  EXPECT_EQ(found->run.verdict, run.verdict);
  EXPECT_EQ(found->run.plan, run.plan);
  EXPECT_EQ(found->run.host, run.host);
  EXPECT_EQ(found->previous, std::string(64, '0'));
  EXPECT_FALSE(ledger_->verify()->damage.has_value());
}

TEST_P(LedgerContract, ListsTheNewestFirst) {
  fill(5);
  const auto rows = ledger_->list(3);
  ASSERT_TRUE(rows.ok());
  ASSERT_EQ(rows->size(), 3U);
  EXPECT_EQ((*rows)[0].run.id, "run-5");
  EXPECT_EQ((*rows)[2].run.id, "run-3");
  EXPECT_EQ((*rows)[0].previous, (*rows)[1].hash);
}

TEST_P(LedgerContract, FindsByIdByPrefixAndTheLast) {
  fill(12);
  EXPECT_EQ(ledger_->find("run-7")->number, 7);
  EXPECT_EQ(ledger_->find("run-12")->number, 12);
  EXPECT_EQ(ledger_->find("run-1")->number, 1) << "an exact id wins over longer ones";
  EXPECT_EQ(ledger_->find("last")->number, 12);
  const auto many = ledger_->find("run-");
  ASSERT_FALSE(many.ok());
  EXPECT_EQ(many.error().code, Code::invalid);
  EXPECT_THAT(many.error().next, HasSubstr("run-9"));
  for (const char* hostile : {"run-%", "%", "_un-7", "x' or '1'='1", "run-77"}) {
    const auto none = ledger_->find(hostile);
    ASSERT_FALSE(none.ok()) << hostile;
    EXPECT_EQ(none.error().code, Code::not_found);
  }
  EXPECT_EQ(ledger_->find("").error().code, Code::invalid);
}

TEST_P(LedgerContract, RefusesARunOfTheSameId) {
  fill(1);
  const auto again = ledger_->append(scratch_.run(1));
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, Code::conflict);
  EXPECT_EQ(ledger_->list(10)->size(), 1U);
  ASSERT_TRUE(ledger_->append(scratch_.run(2)).ok());
  EXPECT_FALSE(ledger_->verify()->damage.has_value());
}

TEST_P(LedgerContract, RefusesWhatCouldNotBeReadBack) {
  ledger::Run run = scratch_.run(1);
  run.learnt = "\xff";
  EXPECT_EQ(ledger_->append(run).error().code, Code::invalid);
  for (const char* id : {"", "last"}) {
    run = scratch_.run(1);
    run.id = id;
    EXPECT_EQ(ledger_->append(run).error().code, Code::invalid);
  }
}

TEST_P(LedgerContract, ChainsWhatSeveralWritersAddAtOnce) {
  constexpr int writers = 4;
  constexpr int each = 8;
  std::latch start(writers);
  std::atomic<int> failures = 0;
  {
    std::vector<std::jthread> threads;
    for (int writer = 0; writer < writers; ++writer) {
      threads.emplace_back([&, writer] {
        auto own = GetParam().open(scratch_.folder);
        start.arrive_and_wait();
        for (int i = 0; i < each; ++i) {
          if (!own.ok() || !(*own)->append(scratch_.run(100 * writer + i)).ok()) ++failures;
        }
      });
    }
  }
  EXPECT_EQ(failures, 0);
  const auto verified = ledger_->verify();
  ASSERT_TRUE(verified.ok());
  EXPECT_EQ(verified->rows, writers * each);
  EXPECT_FALSE(verified->damage.has_value()) << verified->damage->message;
  EXPECT_TRUE(verified->notes.empty()) << verified->notes[0];
}

// --- damage

TEST_P(LedgerContract, NamesTheRowAndFieldOfOneChangedByte) {
  fill(3);
  const std::vector<std::string> texts = {"id",           "wall",
                                          "scenario",     "plan_hash",
                                          "seed",         "outcome",
                                          "learnt",       "timeline_path",
                                          "host",         "plan",
                                          "verdict",      "previous",
                                          "hash",         "timeline_sha256",
                                          "field_digests"};
  for (const std::string& field : texts) {
    for (const int row : {1, 2, 3}) {
      tamper("create table kept as select * from run");
      tamper(
          fmt::format("update run set {0} = '~' || substr({0}, 2) where number = {1}", field, row));
      expect_damage(row, field);
      tamper("delete from run");
      tamper("insert into run select * from kept");
      tamper("drop table kept");
    }
  }
  for (const std::string field : {"exit_code", "duration_ns"}) {
    tamper(fmt::format("update run set {0} = {0} + 1 where number = 2", field));
    expect_damage(2, field);
    tamper(fmt::format("update run set {0} = {0} - 1 where number = 2", field));
  }
  EXPECT_FALSE(ledger_->verify()->damage.has_value());
}

TEST_P(LedgerContract, NamesARowThatIsMissing) {
  fill(4);
  tamper("delete from run where number = 2");
  expect_damage(2, "row");
  EXPECT_THAT(damage().message, HasSubstr("row 2 is missing"));
}

TEST_P(LedgerContract, NamesAChangedNumber) {
  fill(4);
  tamper("update run set number = 9 where number = 2");
  expect_damage(2, "row");
  EXPECT_THAT(damage().message, HasSubstr("or its number was changed"));
}

TEST_P(LedgerContract, NamesRowsThatWereMoved) {
  fill(4);
  tamper("update run set number = 99 where number = 2");
  tamper("update run set number = 2 where number = 3");
  tamper("update run set number = 3 where number = 99");
  expect_damage(2, "number");
  EXPECT_THAT(damage().message, HasSubstr("row 2 was written as row 3: rows were moved"));
}

TEST_P(LedgerContract, NoticesACutTailAndAddsNothingOverIt) {
  fill(4);
  tamper("delete from run where number >= 3");
  expect_damage(3, "row");
  EXPECT_THAT(damage().message, HasSubstr("the head record knows 4 rows, there are 2"));
  const auto added = ledger_->append(scratch_.run(5));
  ASSERT_FALSE(added.ok());
  EXPECT_EQ(added.error().code, Code::conflict);
  EXPECT_THAT(added.error().render(), HasSubstr("its head record knows 4 rows, there are 2"));
  EXPECT_THAT(added.error().next, HasSubstr("move the ledger and its .head file aside"));
}

TEST_P(LedgerContract, NoticesAnEmptiedLedger) {
  fill(2);
  tamper("delete from run");
  expect_damage(1, "row");
}

TEST_P(LedgerContract, NoticesAHeadThatIsGoneOrChanged) {
  fill(2);
  const std::string path = scratch_.head_path();
  const std::string whole = *sys::read_file(path);
  ASSERT_TRUE(sys::remove_file(path).ok());
  expect_damage(0, "head");
  EXPECT_EQ(ledger_->append(scratch_.run(3)).error().code, Code::conflict);
  std::string changed = whole;
  changed[24] ^= 1;
  std::ofstream(path) << changed;
  expect_damage(0, "head");
  EXPECT_EQ(ledger_->append(scratch_.run(3)).error().code, Code::conflict);
  std::ofstream(path) << whole;
  EXPECT_FALSE(ledger_->verify()->damage.has_value());
  EXPECT_TRUE(ledger_->append(scratch_.run(3)).ok());
}

TEST_P(LedgerContract, ForgivesAHeadThatLags) {
  fill(2);
  const std::string old = *sys::read_file(scratch_.head_path());
  ASSERT_TRUE(ledger_->append(scratch_.run(3)).ok());
  std::ofstream(scratch_.head_path()) << old;  // the writer died before it wrote the head
  const auto verified = ledger_->verify();
  ASSERT_TRUE(verified.ok());
  EXPECT_FALSE(verified->damage.has_value());
  ASSERT_EQ(verified->notes.size(), 1U);
  EXPECT_THAT(verified->notes[0], HasSubstr("the head record knows 2 of 3 rows"));
  ASSERT_TRUE(ledger_->append(scratch_.run(4)).ok());
  EXPECT_TRUE(ledger_->verify()->notes.empty());
}

TEST_P(LedgerContract, NamesATimelineThatChangedOrIsGone) {
  ledger::Run run = scratch_.run(1);
  run.timeline_path = scratch_.folder + "/run-1.jsonl";
  std::ofstream(run.timeline_path) << "{}\n";
  run.timeline_sha256 = sha256_hex("{}\n");
  ASSERT_TRUE(ledger_->append(run).ok());
  ASSERT_TRUE(ledger_->append(scratch_.run(2)).ok());
  EXPECT_FALSE(ledger_->verify()->damage.has_value());
  std::ofstream(run.timeline_path) << "{ \n";
  expect_damage(1, "timeline");
  EXPECT_THAT(damage().message, HasSubstr("was changed"));
  ASSERT_TRUE(sys::remove_file(run.timeline_path).ok());
  expect_damage(1, "timeline");
  EXPECT_THAT(damage().message, HasSubstr("is missing"));
}

TEST_P(LedgerContract, RefusesTablesOfANewerVersion) {
  tamper("update schema_version set version = 99");
  const auto opened = GetParam().open(scratch_.folder);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, Code::unsupported);
  EXPECT_THAT(opened.error().render(), HasSubstr("it has version 99, this squall knows 1"));
}

TEST_P(LedgerContract, VerifiesManyRowsPageByPage) {
  fill(600);
  EXPECT_EQ(ledger_->verify()->rows, 600);
  tamper("update run set host = 'x' where number = 512");
  expect_damage(512, "host");
}

INSTANTIATE_TEST_SUITE_P(
    Engines, LedgerContract,
    testing::Values(Engine{
        .name = "sqlite",
        .open = [](const std::string& folder) { return open_sqlite(folder + "/ledger.db"); },
        .open_database =
            [](const std::string& folder) {
              return open_sqlite_database(folder + "/ledger.db", seconds(5));
            }}),
    [](const testing::TestParamInfo<Engine>& engine) { return engine.param.name; });

}  // namespace
}  // namespace squall::ledger
