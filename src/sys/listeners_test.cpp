#include "sys/listeners.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "sys/test_props.h"

namespace squall::sys {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// A socket bound to a port of loopback, 0 for any free one.
Fd bound_socket(int type, std::uint16_t& port, int family = AF_INET) {
  Fd fd(::socket(family, type | SOCK_CLOEXEC, 0));
  CHECK(fd.valid(), "a socket");
  sockaddr_in6 storage{};
  socklen_t size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  auto* address = reinterpret_cast<sockaddr*>(&storage);
  if (family == AF_INET) {
    auto* four = reinterpret_cast<sockaddr_in*>(&storage);
    four->sin_family = AF_INET;
    four->sin_port = htons(port);
    four->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  } else {
    storage.sin6_family = AF_INET6;
    storage.sin6_port = htons(port);
    storage.sin6_addr = in6addr_loopback;
  }
  CHECK(::bind(fd.get(), address, size) == 0, "the port is free");
  CHECK(::getsockname(fd.get(), address, &size) == 0, "it has a name");
  port = ntohs(storage.sin6_port);  // at the same place in both forms
  return fd;
}

std::vector<std::int64_t> listeners(std::uint16_t port) {
  return listeners_of_port(port).value();
}

TEST(Listeners, TablesAreReadAsTheKernelWritesThem) {
  constexpr std::string_view tcp =
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
      "inode\n"
      "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 "
      "1234 1 0000000000000000 100 0 0 10 0\n"
      "   1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 "
      "99 1 0000000000000000 20 4 30 10 -1\n"
      "  12: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A "
      "00000000:00000000 00:00000000 00000000  1000        0 5678 1 0 100 0 0 10 0\n";
  EXPECT_THAT(listening_inodes(tcp, 8080), ElementsAre(1234, 5678));
  EXPECT_THAT(listening_inodes(tcp, 50000), IsEmpty()) << "the far end of a connection";
  for (const std::string_view broken : {"", "\n\n", "a b c d e f g h i j k", "0: :1F90 :0 0A 1"}) {
    EXPECT_THAT(listening_inodes(broken, 8080), IsEmpty()) << broken;
  }
}

TEST(Listeners, AreFoundByTcpAndUdpAndBothFamilies) {
  for (const int family : {AF_INET, AF_INET6}) {
    std::uint16_t tcp = 0;
    std::uint16_t udp = 0;
    Fd stream = bound_socket(SOCK_STREAM, tcp, family);
    Fd datagrams = bound_socket(SOCK_DGRAM, udp, family);
    EXPECT_THAT(listeners(tcp), IsEmpty()) << "bound, but nobody can connect yet";
    ASSERT_EQ(::listen(stream.get(), 1), 0);
    EXPECT_THAT(listeners(tcp), ElementsAre(::getpid()));
    EXPECT_THAT(listeners(udp), ElementsAre(::getpid()));
    stream.reset();
    EXPECT_THAT(listeners(tcp), IsEmpty());
  }
}

TEST(Listeners, AreAllWorkersThatShareTheSocketButNoClients) {
  std::uint16_t port = 0;
  Fd server = bound_socket(SOCK_STREAM, port);
  ASSERT_EQ(::listen(server.get(), 1), 0);
  const Child worker;
  const Child other([&] { ::close(server.get()); });
  const Child client([&] {
    std::uint16_t any = 0;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    static const Fd kept = bound_socket(SOCK_STREAM, any);
    ::close(server.get());
    CHECK(::connect(kept.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0,
          "the server listens");
  });
  EXPECT_THAT(listeners(port), UnorderedElementsAre(::getpid(), worker.pid()))
      << other.pid() << " closed it, " << client.pid() << " is connected to it";
}

TEST(Listeners, AreFoundInOtherNetworkNamespaces) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to make a network namespace";
  std::uint16_t port = 0;
  const Fd here = bound_socket(SOCK_STREAM, port);
  ASSERT_EQ(::listen(here.get(), 1), 0);
  std::uint16_t elsewhere = static_cast<std::uint16_t>(port == 65000 ? 65001 : 65000);
  const Child child([&] {
    ::close(here.get());
    CHECK(::unshare(CLONE_NEWNET) == 0, "a network namespace");
    ifreq interface {};
    interface.ifr_name[0] = 'l';
    interface.ifr_name[1] = 'o';
    interface.ifr_flags = IFF_UP;
    const Fd control(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    CHECK(::ioctl(control.get(), SIOCSIFFLAGS, &interface) == 0, "the loopback comes up");
    static const Fd kept = bound_socket(SOCK_STREAM, elsewhere);
    CHECK(::listen(kept.get(), 1) == 0, "it listens");
  });
  EXPECT_THAT(listeners(elsewhere), ElementsAre(child.pid()));
}

TEST(Listeners, UnixSocketsHaveNoPorts) {
  const Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{.sun_family = AF_UNIX};
  address.sun_path[1] = '7';  // an abstract name that vanishes with the socket
  ASSERT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(fd.get(), 1), 0);
  EXPECT_THAT(listeners(7), IsEmpty());
}

TEST(Listeners, OfOtherUsersAreNotPassedOverInSilence) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to become another user";
  std::uint16_t port = 0;
  const Fd server = bound_socket(SOCK_STREAM, port);
  ASSERT_EQ(::listen(server.get(), 1), 0);
  int ending = 0;
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::close(server.get());
    if (::setresuid(65534, 65534, 65534) != 0) ::_exit(2);
    const Result<std::vector<std::int64_t>> found = listeners_of_port(port);
    ::_exit(!found.ok() && found.error().code == Code::refused ? 0 : 1);
  }
  ASSERT_EQ(::waitpid(child, &ending, 0), child);
  EXPECT_TRUE(WIFEXITED(ending));
  EXPECT_EQ(WEXITSTATUS(ending), 0);
}

}  // namespace
}  // namespace squall::sys
