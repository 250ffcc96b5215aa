#include <gmock/gmock.h>
#include <sys/socket.h>

#include "net/test_server.h"
#include "witness/scenes_test.h"

namespace squall::witness {
namespace {

using testing::HasSubstr;

// Holds every connection until it is told what to do with them.
class HoldingServer {
 public:
  enum class End { none, in_order, by_reset };
  HoldingServer()
      : server_([this](int fd, sys::Patience& patience) {
          while (!patience.is_over() && end_ == End::none) {
            sys::Patience(milliseconds(1)).wait({});
          }
          const linger at_once{1, 0};
          if (end_ == End::by_reset) {
            ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
          }
          end_ = End::none;
        }) {}
  int port() const { return server_.port(); }
  void end(End how) { end_ = how; }

 private:
  std::atomic<End> end_ = End::none;
  net::TestServer server_;
};

json::object params(int port) {
  return {{"host", "127.0.0.1"}, {"port", port}};
}

TEST(NetworkReset, SeesTheResetOfAConnectionThatItHolds) {
  HoldingServer server;
  const auto witness = scenes::open("network.reset", params(server.port())).value();
  EXPECT_TRUE(scenes::stays_off(*witness, 5));
  server.end(HoldingServer::End::by_reset);
  const auto on = scenes::see(*witness, true);
  ASSERT_TRUE(on.has_value());
  EXPECT_THAT(on->detail, HasSubstr("reset: Connection reset by peer"));
  EXPECT_TRUE(witness->look()->on) << "what is gone stays gone";
}

TEST(NetworkReset, DoesNotTakeAnOrderlyEndForOne) {
  HoldingServer server;
  const auto witness = scenes::open("network.reset", params(server.port())).value();
  server.end(HoldingServer::End::in_order);
  EXPECT_TRUE(scenes::comes_to_say(*witness,
                                   "the service had hung up in good order; "
                                   "connected anew"));
  EXPECT_TRUE(scenes::stays_off(*witness, 5));
  server.end(HoldingServer::End::by_reset);
  EXPECT_TRUE(scenes::see(*witness, true).has_value()) << "of the new connection";
}

TEST(NetworkReset, NeedsSomebodyWhoListens) {
  const auto opened = scenes::open("network.reset", params(net::unused_port()));
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, Code::not_found);
  EXPECT_THAT(opened.error().next, HasSubstr("something listens"));
}

}  // namespace
}  // namespace squall::witness
