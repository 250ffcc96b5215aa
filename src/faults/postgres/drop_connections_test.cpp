#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::mistake;
using samples::plan;
using ::testing::HasSubstr;

TEST(PostgresDropConnections, DropsAndWatchesTheSameSessions) {
  const Strike strike = plan({"postgres.drop_connections",
                              R"({"of_database": "shop", "of_user": "app",
                                  "of_application": "shop-%", "at_most": 3})"},
                             {})
                            .value();
  EXPECT_EQ(strike.changes.at(0).kind, "postgres.drop");
  EXPECT_EQ(strike.watches.at(0).witness, "postgres.dropped");
  for (const json::object& params : {strike.changes[0].params, strike.watches[0].params}) {
    EXPECT_EQ(text_at(params, "of_database"), "shop");
    EXPECT_EQ(text_at(params, "of_user"), "app");
    EXPECT_EQ(text_at(params, "of_application"), "shop-%");
    EXPECT_EQ(integer_at(params, "at_most"), 3);
  }
}

TEST(PostgresDropConnections, MustBeAcceptedInWriting) {
  const Kind* kind = find(catalogue(), "postgres.drop_connections");
  EXPECT_NE(kind->irreversible, "");
  EXPECT_EQ(kind->lasting, Lasting::instant);
  EXPECT_THAT(mistake("postgres.drop_connections", R"({"at_most": 0})"),
              HasSubstr("out of bounds"));
}

}  // namespace
}  // namespace squall::fault
