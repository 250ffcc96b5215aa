#include "param/service_place.h"

#include <gtest/gtest.h>

namespace squall::param {
namespace {

struct Queue : ServicePlace {
  Queue() { port = 4222; }
  std::string subject;
};
const Table<Queue> table{
    with_place<Queue>({field("subject", &Queue::subject, {.about = "Where to."})})};

struct Anything : ServicePlace {};
const Table<Anything> portless{with_place<Anything>({})};

TEST(ServicePlace, IsReadTogetherWithTheRest) {
  const Queue queue = table
                          .from_json({{"host", "db"},
                                      {"password", "${env:PASSWORD}"},
                                      {"namespace", "/run/netns/a"},
                                      {"subject", "jobs"}})
                          .value();
  EXPECT_EQ(queue.host, "db");
  EXPECT_EQ(queue.port, 4222);
  EXPECT_EQ(queue.subject, "jobs");
  EXPECT_EQ(queue.password.reference, "${env:PASSWORD}");
  EXPECT_EQ(canonical_json(place_of(queue)),
            R"({"host":"db","namespace":"/run/netns/a","password":"${env:PASSWORD}",)"
            R"("port":4222,"username":""})");
}

TEST(ServicePlace, DemandsAPortWhereThereIsNoUsualOne) {
  EXPECT_FALSE(portless.from_json({}).ok());
  EXPECT_EQ(portless.from_json({{"port", 1}})->port, 1);
  EXPECT_EQ(table.from_json({})->host, "127.0.0.1");
}

}  // namespace
}  // namespace squall::param
