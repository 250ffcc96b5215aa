#include "sys/patience.h"

#include <array>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

namespace squall::sys {
namespace {

struct Pair {
  Fd near;
  Fd far;
};

Pair make_pair() {
  std::array<int, 2> numbers{-1, -1};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, numbers.data()), 0);
  return {Fd(numbers[0]), Fd(numbers[1])};
}

TEST(Patience, ExpiresAtItsLimitAndNotBefore) {
  const Pair pair = make_pair();
  Patience patience(milliseconds(20));
  EXPECT_EQ(patience.wait_for(pair.near.get(), POLLIN), Patience::End::expired);
  EXPECT_GE(patience.spent(), milliseconds(20));
  EXPECT_EQ(patience.left(), Duration{0});
  EXPECT_TRUE(patience.is_over());
}

TEST(Patience, SpansSeveralWaits) {
  const Pair pair = make_pair();
  Patience patience(seconds(30));
  EXPECT_EQ(patience.wait_for(pair.near.get(), POLLOUT), Patience::End::ready);
  EXPECT_EQ(patience.wait_for(pair.near.get(), POLLOUT), Patience::End::ready);
  EXPECT_GT(patience.spent(), Duration{0});
  EXPECT_LT(patience.left(), seconds(30));
}

TEST(Patience, SeesWhatIsReadyEvenWhenTheLimitIsOver) {
  const Pair pair = make_pair();
  ASSERT_EQ(::write(pair.far.get(), "x", 1), 1);
  Patience patience(Duration{0});
  EXPECT_EQ(patience.wait_for(pair.near.get(), POLLIN), Patience::End::ready);
}

TEST(Patience, TellsWhichDescriptorIsReady) {
  const Pair one = make_pair();
  const Pair two = make_pair();
  ASSERT_EQ(::write(two.far.get(), "x", 1), 1);
  std::array<pollfd, 2> entries = {
      {{one.near.get(), POLLIN, 0}, {two.near.get(), POLLIN, 0}},
  };
  Patience patience(seconds(30));
  EXPECT_EQ(patience.wait(entries), Patience::End::ready);
  EXPECT_EQ(entries[0].revents, 0);
  EXPECT_EQ(entries[1].revents, POLLIN);
}

TEST(Patience, EndsWhenAStopIsAskedForDuringTheWait) {
  const Pair pair = make_pair();
  std::stop_source source;
  Patience patience(seconds(30), source.get_token());
  const std::jthread asker([&] { source.request_stop(); });
  EXPECT_EQ(patience.wait_for(pair.near.get(), POLLIN), Patience::End::stopped);
  EXPECT_LT(patience.spent(), seconds(5));
  EXPECT_TRUE(patience.is_stopped());
}

TEST(Patience, EndsAtOnceWhenTheStopCameBefore) {
  const Pair pair = make_pair();
  ASSERT_EQ(::write(pair.far.get(), "x", 1), 1);
  std::stop_source source;
  source.request_stop();
  Patience patience(seconds(30), source.get_token());
  EXPECT_EQ(patience.wait_for(pair.near.get(), POLLIN), Patience::End::stopped);
}

}  // namespace
}  // namespace squall::sys
