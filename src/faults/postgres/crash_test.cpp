#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::facts_with;
using samples::mistake;
using samples::plan;
using samples::victim;
using ::testing::HasSubstr;

constexpr std::string_view params = R"({"data_folder": "/srv/pg"})";

TEST(PostgresCrash, KillsTheFirstProcessOfTheServer) {
  sys::Process postmaster = victim(42, "/usr/lib/postgresql/15/bin/postgres -D /srv/pg");
  postmaster.name = "postgres";
  const Strike strike = plan({"postgres.crash", params}, facts_with({postmaster})).value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(strike.changes[0].kind, "process.signal");
  EXPECT_EQ(integer_at(strike.changes[0].params, "pid"), 42);
  EXPECT_EQ(integer_at(strike.changes[0].params, "signal"), SIGKILL);
  EXPECT_EQ(strike.watches.at(0).witness, "process.ended");
}

TEST(PostgresCrash, FindsItByTheFileInItsDataFolderAndByItsName) {
  const Wants wants =
      find(catalogue(), "postgres.crash")->wants(parse_json(params)->as_object()).value();
  ASSERT_TRUE(wants.victims.has_value());
  EXPECT_EQ(wants.victims->pid_file, "/srv/pg/postmaster.pid");
  EXPECT_EQ(wants.victims->name, "postgres") << "the file may be stale";
}

TEST(PostgresCrash, RefusesWhatIsNoServer) {
  const Result<Strike> nobody = plan({"postgres.crash", params}, facts_with({}));
  ASSERT_FALSE(nobody.ok());
  EXPECT_EQ(nobody.error().code, Code::not_found);
  sys::Process session = victim(43, "postgres: app shop [local] idle");
  const Result<Strike> strike = plan({"postgres.crash", params}, facts_with({session}));
  ASSERT_FALSE(strike.ok());
  EXPECT_EQ(strike.error().code, Code::refused);
  EXPECT_THAT(mistake("postgres.crash", R"({"data_folder": "pg"})"), HasSubstr("absolute path"));
}

}  // namespace
}  // namespace squall::fault
