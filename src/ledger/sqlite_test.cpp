// What only a file can suffer: a full disk, a lock, a mode, a damaged page.
#include <fstream>

#include <fcntl.h>
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ledger/database.h"
#include "ledger/ledger.h"
#include "ledger/scratch_test.h"
#include "sys/file.h"

namespace squall::ledger {
namespace {

using testing::HasSubstr;

std::unique_ptr<Ledger> open_with(const Scratch& scratch, int rows) {
  auto ledger = open_sqlite(scratch.path());
  EXPECT_TRUE(ledger.ok()) << ledger.error().render();
  for (int i = 1; i <= rows; ++i) EXPECT_TRUE((*ledger)->append(scratch.run(i)).ok());
  return std::move(*ledger);
}

// Runs `body` in a child as a user who owns nothing; its text comes back.
std::string as_nobody(const std::function<std::string()>& body) {
  int ends[2];
  if (pipe(ends) != 0) return "no pipe";
  const pid_t child = fork();
  if (child == 0) {
    std::string said = "cannot give up root";
    if (setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0) said = body();
    _exit(write(ends[1], said.data(), said.size()) < 0);
  }
  close(ends[1]);
  std::string said(4096, '\0');
  const ssize_t count = read(ends[0], said.data(), said.size());
  close(ends[0]);
  waitpid(child, nullptr, 0);
  said.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
  return said;
}

std::string opening_error(const std::string& path) {
  const auto ledger = open_sqlite(path);
  if (ledger.ok()) return "opened";
  return fmt::format("{}: {}; {}", code_name(ledger.error().code), ledger.error().render(),
                     ledger.error().next);
}

TEST(SqliteLedger, IsReadableByItsOwnerAlone) {
  const Scratch scratch;
  const auto ledger = open_with(scratch, 1);
  for (const char* suffix : {"", "-wal", "-shm", ".head"}) {
    struct stat status {};
    ASSERT_EQ(stat((scratch.path() + suffix).c_str(), &status), 0) << suffix;
    EXPECT_EQ(status.st_mode & 0777, 0600U) << suffix;
  }
}

TEST(SqliteLedger, IsWrittenThroughToTheDisk) {
  const Scratch scratch;
  const auto ledger = open_with(scratch, 1);
  auto database = open_sqlite_database(scratch.path(), seconds(1));
  ASSERT_TRUE(database.ok());
  EXPECT_EQ(text_of((*database)->run("pragma journal_mode")->at(0).at(0)), "wal");
  EXPECT_EQ(number_of((*database)->run("pragma synchronous")->at(0).at(0)), 2) << "full";
}

TEST(SqliteLedger, SaysThatItsFolderIsMissing) {
  const Scratch scratch;
  EXPECT_THAT(opening_error(scratch.folder + "/none/ledger.db"),
              testing::AllOf(HasSubstr("not_found: "), HasSubstr("none/ledger.db"),
                             HasSubstr("check that the folder exists")));
}

TEST(SqliteLedger, SaysThatItsFolderMayNotBeWritten) {
  if (geteuid() != 0) GTEST_SKIP() << "giving up root needs root";
  const Scratch scratch;
  chmod(scratch.folder.c_str(), 0755);
  EXPECT_THAT(as_nobody([&] { return opening_error(scratch.path()); }),
              testing::AllOf(HasSubstr("refused: "), HasSubstr(scratch.path()),
                             HasSubstr("may be written to by this user")));
}

TEST(SqliteLedger, SaysThatItsDiskIsReadOnly) {
  if (geteuid() != 0) GTEST_SKIP() << "mounting needs root";
  const Scratch scratch;
  open_with(scratch, 1).reset();
  const char* folder = scratch.folder.c_str();
  if (mount(folder, folder, nullptr, MS_BIND, nullptr) != 0) GTEST_SKIP() << "no bind mounts here";
  const bool is_read_only =
      mount(nullptr, folder, nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) == 0;
  const std::string said = opening_error(scratch.path());
  umount2(folder, MNT_DETACH);
  ASSERT_TRUE(is_read_only);
  EXPECT_THAT(said, testing::AllOf(HasSubstr("refused: "), HasSubstr("Read-only file system")));
}

// Mounts the folder over itself, for reading alone, and takes that away again.
class ReadOnly {
 public:
  explicit ReadOnly(std::string folder) : folder_(std::move(folder)) {
    const char* path = folder_.c_str();
    is_mounted_ = mount(path, path, nullptr, MS_BIND, nullptr) == 0;
    is_read_only_ = is_mounted_ &&
                    mount(nullptr, path, nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) == 0;
  }
  ReadOnly(const ReadOnly&) = delete;
  ReadOnly& operator=(const ReadOnly&) = delete;
  ~ReadOnly() {
    if (is_mounted_) umount2(folder_.c_str(), MNT_DETACH);
  }
  bool holds() const { return is_read_only_; }

 private:
  std::string folder_;
  bool is_mounted_ = false;
  bool is_read_only_ = false;
};

TEST(SqliteLedger, IsReadWhereItMayNotBeWritten) {
  if (geteuid() != 0) GTEST_SKIP() << "mounting needs root";
  const Scratch scratch;
  open_with(scratch, 3).reset();
  ASSERT_FALSE(sys::exists(scratch.path() + "-wal")) << "the file alone is left";
  const ReadOnly mounted(scratch.folder);
  if (!mounted.holds()) GTEST_SKIP() << "no bind mounts here";
  const auto ledger = open_sqlite_for_reading(scratch.path());
  ASSERT_TRUE(ledger.ok()) << ledger.error().render();
  EXPECT_EQ((*ledger)->list(9)->size(), 3U);
  EXPECT_EQ((*ledger)->find("last")->number, 3);
  EXPECT_FALSE((*ledger)->append(scratch.run(4)).ok());
  const auto verified = verify_sqlite(scratch.path());
  ASSERT_TRUE(verified.ok()) << verified.error().render();
  EXPECT_EQ(verified->rows, 3);
  EXPECT_FALSE(verified->damage.has_value());
}

TEST(SqliteLedger, IsReadOnAFullDiskAndBesideItsWriter) {
  const Scratch scratch;
  const char* folder = scratch.folder.c_str();
  if (geteuid() != 0 || mount("none", folder, "tmpfs", 0, "size=300k") != 0) {
    GTEST_SKIP() << "mounting a small tmpfs needs root";
  }
  {
    const auto writer = open_with(scratch, 2);
    const auto reader = open_sqlite_for_reading(scratch.path());
    EXPECT_TRUE(reader.ok() && (*reader)->list(9)->size() == 2U) << "what stands in the log";
  }
  {
    const Result<sys::Fd> fill = sys::open_file(scratch.folder + "/fill", O_WRONLY | O_CREAT);
    const std::string block(4096, 'x');
    while (fill.ok() && write(fill->get(), block.data(), block.size()) > 0) {
    }
    const auto reader = open_sqlite_for_reading(scratch.path());
    EXPECT_TRUE(reader.ok() && (*reader)->list(9)->size() == 2U);
  }
  umount2(folder, MNT_DETACH);
}

Damage damage_of(const Scratch& scratch) {
  const auto verified = verify_sqlite(scratch.path());
  EXPECT_TRUE(verified.ok()) << verified.error().render();
  return verified.ok() && verified->damage ? *verified->damage : Damage{-1, "", "", "no damage"};
}

TEST(SqliteLedger, VerifyingNamesALedgerThatIsGone) {
  const Scratch scratch;
  EXPECT_EQ(verify_sqlite(scratch.path()).error().code, Code::not_found);
  open_with(scratch, 3).reset();
  ASSERT_TRUE(sys::remove_file(scratch.path()).ok());
  EXPECT_THAT(damage_of(scratch).message,
              testing::AllOf(HasSubstr("is missing"), HasSubstr("knows 3 rows")));
  EXPECT_FALSE(sys::exists(scratch.path())) << "and makes none";
}

TEST(SqliteLedger, VerifyingNamesTheRowThatADamagedFileCannotGive) {
  const Scratch scratch;
  auto ledger = open_sqlite(scratch.path());
  ASSERT_TRUE(ledger.ok());
  for (int i = 1; i <= 3; ++i) {  // each on pages of its own
    ledger::Run run = scratch.run(i);
    run.plan = std::string(9'000, 'x');
    ASSERT_TRUE((*ledger)->append(run).ok());
  }
  ledger->reset();
  const std::string whole = *sys::read_file(scratch.path());
  EXPECT_EQ(damage_of(scratch).row, -1);
  std::ofstream(scratch.path(), std::ios::binary) << whole.substr(0, whole.size() / 2);
  const Damage cut = damage_of(scratch);
  EXPECT_GE(cut.row, 1) << cut.message;
  EXPECT_THAT(cut.message, testing::AnyOf(HasSubstr("cannot be read"), HasSubstr("row")));
  std::ofstream(scratch.path(), std::ios::binary) << std::string(5000, 'x');
  EXPECT_THAT(damage_of(scratch).message, HasSubstr("no row can be read"));
  std::ofstream(scratch.path(), std::ios::binary) << "";
  EXPECT_THAT(damage_of(scratch).message, HasSubstr("no row can be read"));
}

TEST(SqliteLedger, VerifyingNamesWhatWasAddedToTheTables) {
  const Scratch scratch;
  const auto ledger = open_with(scratch, 2);
  auto database = open_sqlite_database(scratch.path(), seconds(1));
  ASSERT_TRUE(database.ok());
  const auto change = [&](const std::string& statement) {
    const auto done = (*database)->run(statement);
    ASSERT_TRUE(done.ok()) << done.error().render();
  };
  EXPECT_EQ(damage_of(scratch).row, -1);
  change("create trigger sly after insert on run begin delete from run where number = 1; end");
  EXPECT_THAT(damage_of(scratch).message, HasSubstr("trigger \"sly\" was added"));
  change("drop trigger sly");
  change("create table more (a)");
  EXPECT_THAT(damage_of(scratch).message, HasSubstr("table \"more\" was added"));
  change("drop table more");
  EXPECT_EQ(damage_of(scratch).row, -1);
  change("alter table run add column more text");
  EXPECT_THAT(damage_of(scratch).message, HasSubstr("table \"run\" was changed"));
}

TEST(SqliteLedger, SaysThatAnotherWriterHoldsIt) {
  const Scratch scratch;
  open_with(scratch, 1).reset();
  auto ledger = open_sqlite(scratch.path(), {.lock_wait = milliseconds(20)});
  auto other = open_sqlite_database(scratch.path(), seconds(1));
  ASSERT_TRUE(ledger.ok() && other.ok());
  {
    const auto held = Transaction::begin(**other);
    ASSERT_TRUE(held.ok());
    const auto added = (*ledger)->append(scratch.run(2));
    ASSERT_FALSE(added.ok());
    EXPECT_EQ(added.error().code, Code::conflict);
    EXPECT_THAT(added.error().render(), HasSubstr("another process is writing to it"));
    EXPECT_EQ((*ledger)->list(5)->size(), 1U) << "readers go on";
  }
  EXPECT_TRUE((*ledger)->append(scratch.run(2)).ok());
}

TEST(SqliteLedger, SaysThatTheDiskIsFullAndLosesNothing) {
  const Scratch scratch;
  const char* folder = scratch.folder.c_str();
  if (geteuid() != 0 || mount("none", folder, "tmpfs", 0, "size=300k") != 0) {
    GTEST_SKIP() << "mounting a small tmpfs needs root";
  }
  {
    auto ledger = open_sqlite(scratch.path());
    int added = 0;
    ledger::Run run = scratch.run(0);
    run.plan = std::string(20'000, 'x');
    Result<Row> row = ledger.ok() ? (*ledger)->append(run) : ledger.error();
    while (row.ok() && added < 100) {
      run.id = fmt::format("run-{}", ++added);
      row = (*ledger)->append(run);
    }
    EXPECT_FALSE(row.ok());
    if (!row.ok()) {
      EXPECT_THAT(row.error().render(), HasSubstr("disk is full"));
      EXPECT_THAT(row.error().next, HasSubstr("make room"));
    }
    EXPECT_GT(added, 1);
    if (ledger.ok()) {
      const auto verified = (*ledger)->verify();
      EXPECT_TRUE(verified.ok() && !verified->damage);
      EXPECT_EQ(verified.ok() ? verified->rows : -1, added);
    }
  }
  umount2(folder, MNT_DETACH);
}

TEST(SqliteLedger, SaysThatAFileIsNoLedger) {
  const Scratch scratch;
  ASSERT_TRUE(sys::write_file_durably(scratch.path(), std::string(5000, 'x')).ok());
  EXPECT_THAT(opening_error(scratch.path()),
              testing::AllOf(HasSubstr("the file is damaged, or is no ledger"),
                             HasSubstr("move it aside")));
}

// Every third byte of the file is turned once: wherever that changes what a row says, the row is
// named, and whatever the engine chokes on is an error. Never a crash, never silence about a row.
TEST(SqliteLedger, NoticesWhateverByteOfItsFileChanges) {
  const Scratch scratch;
  open_with(scratch, 2).reset();  // closing brings everything into the one file
  const std::string whole = *sys::read_file(scratch.path());
  const std::string content = open_with(scratch, 0)->list(9)->at(0).hash;
  int named = 0;
  int refused = 0;
  for (std::size_t at = 0; at < whole.size(); at += 3) {
    if (whole[at] == '\0' && at % 96 != 0) continue;  // mostly free space
    std::string changed = whole;
    changed[at] ^= 0x04;
    std::ofstream(scratch.path(), std::ios::binary) << changed;
    const auto ledger = open_sqlite(scratch.path());
    const auto verified = ledger.ok() ? (*ledger)->verify() : Result<Verification>(ledger.error());
    if (!verified.ok()) {
      ++refused;
      EXPECT_FALSE(verified.error().render().empty());
      continue;
    }
    if (verified->damage) {
      ++named;
      continue;
    }
    // Silence is right only when what the rows say is what was written.
    const auto rows = (*ledger)->list(9);
    ASSERT_TRUE(rows.ok());
    ASSERT_EQ(rows->size(), 2U) << at;
    EXPECT_EQ((*rows)[0].hash, content) << at;
    EXPECT_EQ((*rows)[0].run.learnt, scratch.run(2).learnt) << at;
  }
  EXPECT_GT(named, 500);
  EXPECT_GT(refused, 0);
}

TEST(SqliteLedger, NamesAFieldThatBecameAnotherType) {
  const Scratch scratch;
  const auto ledger = open_with(scratch, 2);
  auto database = open_sqlite_database(scratch.path(), seconds(1));
  ASSERT_TRUE(database.ok());
  for (const std::string field : {"timeline_path", "exit_code", "learnt"}) {
    const std::string was = field == "exit_code" ? "0"
                            : field == "learnt"  ? "'It came back.'"
                                                 : "''";
    ASSERT_TRUE(
        (*database)->run(fmt::format("update run set {} = x'00' where number = 1", field)).ok());
    EXPECT_EQ(ledger->verify()->damage->field, field);
    ASSERT_TRUE(
        (*database)->run(fmt::format("update run set {} = {} where number = 1", field, was)).ok());
    EXPECT_FALSE(ledger->verify()->damage.has_value());
  }
}

// Locks belong to processes, so threads of one process cannot show that they hold.
TEST(SqliteLedger, ChainsWhatSeveralProcessesAddAtOnce) {
  constexpr int rounds = 12;
  constexpr int writers = 6;
  const Scratch scratch;
  int failures = 0;
  for (int round = 0; round < rounds; ++round) {
    std::vector<pid_t> children;
    for (int writer = 0; writer < writers; ++writer) {
      const pid_t child = fork();
      if (child == 0) {
        auto ledger = open_sqlite(scratch.path());
        _exit(ledger.ok() && (*ledger)->append(scratch.run(100 * round + writer)).ok() ? 0 : 1);
      }
      children.push_back(child);
    }
    for (const pid_t child : children) {
      int status = 0;
      if (waitpid(child, &status, 0) != child || status != 0) ++failures;
    }
  }
  EXPECT_EQ(failures, 0);
  const auto verified = open_with(scratch, 0)->verify();
  ASSERT_TRUE(verified.ok()) << verified.error().render();
  EXPECT_EQ(verified->rows, rounds * writers);
  EXPECT_FALSE(verified->damage.has_value()) << verified->damage->message;
}

TEST(SqliteLedger, SurvivesItsWriterBeingKilled) {
  const Scratch scratch;
  const pid_t child = fork();
  if (child == 0) {
    const auto ledger = open_sqlite(scratch.path());
    for (int i = 1; i <= 3; ++i) static_cast<void>((*ledger)->append(scratch.run(i)));
    raise(SIGKILL);
  }
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  const auto ledger = open_sqlite(scratch.path());
  ASSERT_TRUE(ledger.ok()) << ledger.error().render();
  EXPECT_EQ((*ledger)->verify()->rows, 3);
  EXPECT_FALSE((*ledger)->verify()->damage.has_value());
}

}  // namespace
}  // namespace squall::ledger
