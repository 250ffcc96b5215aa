#include "sys/nft.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <thread>

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/ipv6.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "core/duration.h"
#include "sys/network_namespace.h"
#include "sys/nft_message.h"

namespace squall::sys {
namespace {

using testing::HasSubstr;

constexpr std::uint16_t service = 8080;
constexpr std::uint16_t other_service = 8081;
constexpr Duration silence = milliseconds(120);  // long for loopback, short of a SYN's repetition
constexpr Duration patience = seconds(5);
const std::string name = "squall_test";

struct Place {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
};

class SocketAddress {
 public:
  explicit SocketAddress(const Place& place) {
    auto* four = reinterpret_cast<sockaddr_in*>(&storage_);
    auto* six = reinterpret_cast<sockaddr_in6*>(&storage_);
    if (inet_pton(AF_INET, place.address.c_str(), &four->sin_addr) == 1) {
      storage_.ss_family = AF_INET;
      four->sin_port = htons(place.port);
    } else {
      CHECK(inet_pton(AF_INET6, place.address.c_str(), &six->sin6_addr) == 1, "test address");
      storage_.ss_family = AF_INET6;
      six->sin6_port = htons(place.port);
    }
  }
  int family() const { return storage_.ss_family; }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const {
    return family() == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  }

 private:
  sockaddr_storage storage_{};
};

// A network namespace of its own, loopback up, with IPv4 127.0.0.0/8, ::1, fd00::1 and fd01::1. It
// is gone when this object and the sockets in it are.
class PrivateNetwork {
 public:
  PrivateNetwork() {
    std::jthread([this] {
      CHECK(::unshare(CLONE_NEWNET) == 0, "a network namespace");
      namespace_.reset(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    }).join();
    const Fd control = open_socket({AF_INET6, SOCK_DGRAM, 0}, fd()).value();
    ifreq interface {};
    std::strcpy(interface.ifr_name, "lo");
    CHECK(::ioctl(control.get(), SIOCGIFINDEX, &interface) == 0, "index of lo");
    const int index = interface.ifr_ifindex;
    CHECK(::ioctl(control.get(), SIOCGIFFLAGS, &interface) == 0, "flags of lo");
    interface.ifr_flags = static_cast<short>(interface.ifr_flags | IFF_UP);
    CHECK(::ioctl(control.get(), SIOCSIFFLAGS, &interface) == 0, "lo up");
    for (const char* text : {"fd00::1", "fd01::1"}) {
      in6_ifreq added{.ifr6_prefixlen = 128, .ifr6_ifindex = index};
      inet_pton(AF_INET6, text, &added.ifr6_addr);
      CHECK(::ioctl(control.get(), SIOCSIFADDR, &added) == 0, "an IPv6 address on lo");
    }
  }

  int fd() const { return namespace_.get(); }
  Fd socket(int family, int type) const { return open_socket({family, type, 0}, fd()).value(); }

  // Listens on a port of all addresses of both families.
  Fd bound(int type, std::uint16_t port) const {
    Fd made = socket(AF_INET6, type | SOCK_NONBLOCK);
    const SocketAddress any({"::", port});
    CHECK(::bind(made.get(), any.get(), any.size()) == 0, "bind");
    if (type == SOCK_STREAM) CHECK(::listen(made.get(), 16) == 0, "listen");
    return made;
  }

 private:
  Fd namespace_;
};

bool readable(const Fd& fd, Duration limit) {
  pollfd waiting{.fd = fd.get(), .events = POLLIN, .revents = 0};
  return ::poll(&waiting, 1, limit.poll_milliseconds()) == 1;
}

// "connected", "silence", or the error in words.
std::string connect_to(const PrivateNetwork& network, const Place& place) {
  const SocketAddress address(place);
  const Fd client = network.socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK);
  if (::connect(client.get(), address.get(), address.size()) == 0) return "connected";
  if (errno != EINPROGRESS) return std::strerror(errno);
  pollfd waiting{.fd = client.get(), .events = POLLOUT, .revents = 0};
  if (::poll(&waiting, 1, silence.poll_milliseconds()) == 0) return "silence";
  int problem = 0;
  socklen_t size = sizeof problem;
  ::getsockopt(client.get(), SOL_SOCKET, SO_ERROR, &problem, &size);
  return problem == 0 ? "connected" : std::strerror(problem);
}

const std::string refused = std::strerror(ECONNREFUSED);

bool send_to(const Fd& socket, const Place& place) {
  const SocketAddress address(place);
  return ::sendto(socket.get(), "hello", 5, 0, address.get(), address.size()) == 5;
}

// Sends an echo request through a raw socket and gives the ICMP type of what comes back, -1 if
// nothing does. What arrives begins with `header` bytes of IP.
int answer_to_ping(const Fd& raw, const std::string& target, const std::array<char, 8>& request,
                   std::size_t header) {
  const SocketAddress address({target, 0});
  ::sendto(raw.get(), request.data(), request.size(), 0, address.get(), address.size());
  std::array<char, 256> answer{};
  if (!readable(raw, patience)) return -1;
  if (::recv(raw.get(), answer.data(), answer.size(), 0) <= static_cast<ssize_t>(header)) return -1;
  return answer.at(header);
}

class OwnerTable : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "making network namespaces needs root";
    network_.emplace();
    server_ = network_->bound(SOCK_STREAM, service);
    other_server_ = network_->bound(SOCK_STREAM, other_service);
  }
  NftOwnerTable install(const std::vector<NftRule>& rules) {
    Result<NftOwnerTable> made = NftOwnerTable::create(name, rules, network_->fd());
    EXPECT_TRUE(made.ok()) << made.error().render();
    return std::move(made).value();
  }
  NftTableState look() const { return nft_table_state(name, network_->fd()).value(); }
  std::string connect(const std::string& address, std::uint16_t port = service) const {
    return connect_to(*network_, {address, port});
  }

  std::optional<PrivateNetwork> network_;
  Fd server_;
  Fd other_server_;
};

TEST_F(OwnerTable, DropsOnePortSilentlyAndLeavesOthersAlone) {
  ASSERT_EQ(connect("127.0.0.1"), "connected");
  const NftOwnerTable table = install({{.protocol = NftProtocol::tcp, .remote_port = service}});
  EXPECT_EQ(connect("127.0.0.1"), "silence");
  EXPECT_EQ(connect("::1"), "silence");
  EXPECT_EQ(connect("127.0.0.1", other_service), "connected");
  EXPECT_EQ(connect("::1", other_service), "connected");
}

TEST_F(OwnerTable, RejectsWithARefusedConnectionInEveryForm) {
  const std::vector<NftRule> forms = {
      {.protocol = NftProtocol::tcp, .remote_port = service},
      {.direction = NftDirection::out, .remote_port = service},
      {.direction = NftDirection::in, .local_port = service},
      {.local_port = service},
      {.peer = "127.0.0.0/8", .remote_port = service},
      {.protocol = NftProtocol::tcp, .peer = "127.0.0.1"},
      {},  // everything: the reset itself must still get through
  };
  for (NftRule rule : forms) {
    rule.action = NftAction::reject;
    const NftOwnerTable table = install({rule});
    EXPECT_EQ(connect("127.0.0.1"), refused) << describe(rule);
    const std::string six = connect("::1");
    EXPECT_EQ(six, rule.peer.empty() ? refused : "connected") << describe(rule);
  }
  EXPECT_EQ(connect("127.0.0.1"), "connected");
}

TEST_F(OwnerTable, RejectsDatagramsWithPortUnreachable) {
  const Fd receiver = network_->bound(SOCK_DGRAM, service);
  for (const NftDirection direction : {NftDirection::in, NftDirection::out, NftDirection::both}) {
    const NftOwnerTable table = install({{.action = NftAction::reject, .direction = direction}});
    for (const char* address : {"127.0.0.1", "::1"}) {
      const SocketAddress target({address, service});
      const Fd client = network_->socket(target.family(), SOCK_DGRAM | SOCK_NONBLOCK);
      ASSERT_EQ(::connect(client.get(), target.get(), target.size()), 0);
      const ssize_t sent = ::send(client.get(), "hello", 5, 0);
      EXPECT_EQ(sent, direction == NftDirection::in ? 5 : -1) << std::strerror(errno);
      EXPECT_TRUE(readable(client, patience)) << address;
      EXPECT_EQ(::send(client.get(), "hello", 5, 0), -1);
      EXPECT_EQ(errno, ECONNREFUSED) << address;
    }
  }
  EXPECT_FALSE(readable(receiver, silence));
}

TEST_F(OwnerTable, AnswersTheSenderSoARejectedReplyIsSilenceToTheClient) {
  const NftOwnerTable table = install(
      {{.action = NftAction::reject, .direction = NftDirection::in, .remote_port = service}});
  EXPECT_EQ(connect("127.0.0.1"), "silence");
  EXPECT_GE(look().packets, 1U);
}

TEST_F(OwnerTable, RejectsPingsButLetsTheirErrorsPass) {
  const NftOwnerTable table =
      install({{.action = NftAction::reject, .direction = NftDirection::in}});
  const Fd four = open_socket({AF_INET, SOCK_RAW, IPPROTO_ICMP}, network_->fd()).value();
  const Fd six = open_socket({AF_INET6, SOCK_RAW, IPPROTO_ICMPV6}, network_->fd()).value();
  // An echo request with its checksum; for ICMPv6 the kernel fills that in.
  EXPECT_EQ(answer_to_ping(four, "127.0.0.1", {8, 0, '\xf7', '\xff', 0, 0, 0, 0}, 20), 3);
  EXPECT_EQ(answer_to_ping(six, "::1", {'\x80', 0, 0, 0, 0, 0, 0, 0}, 0), 1);
  EXPECT_EQ(look().packets, 2U);
}

TEST_F(OwnerTable, MeetsOnlyTheGivenPeer) {
  const NftOwnerTable table =
      install({{.action = NftAction::reject, .peer = "127.1.0.0/16", .remote_port = service},
               {.action = NftAction::reject, .peer = "127.2.0.7", .remote_port = service},
               {.action = NftAction::reject, .peer = "fd00::/15", .remote_port = service}});
  EXPECT_EQ(connect("127.1.2.3"), refused);
  EXPECT_EQ(connect("127.2.0.7"), refused);
  EXPECT_EQ(connect("127.2.0.8"), "connected");
  EXPECT_EQ(connect("127.0.0.1"), "connected");
  EXPECT_EQ(connect("fd00::1"), refused);
  EXPECT_EQ(connect("fd01::1"), refused);
  EXPECT_EQ(connect("::1"), "connected");
}

TEST_F(OwnerTable, TellsInputFromOutput) {
  const Fd receiver = network_->bound(SOCK_DGRAM, service);
  const Fd sender = network_->socket(AF_INET, SOCK_DGRAM);
  {
    const NftOwnerTable table = install({{.direction = NftDirection::out, .remote_port = service}});
    EXPECT_FALSE(send_to(sender, {.port = service}));  // the output hook tells the sender
    EXPECT_EQ(errno, EPERM);
  }
  {
    const NftOwnerTable table = install({{.direction = NftDirection::in, .local_port = service}});
    EXPECT_TRUE(send_to(sender, {.port = service}));  // sent, then lost on arrival
    EXPECT_FALSE(readable(receiver, silence));
    EXPECT_EQ(look().packets, 1U);
  }
  const NftOwnerTable mirrored = install({{.direction = NftDirection::out, .local_port = service},
                                          {.direction = NftDirection::in, .remote_port = service}});
  EXPECT_TRUE(send_to(sender, {.port = service}));  // the request passes, only replies would not
  EXPECT_TRUE(readable(receiver, patience));
  EXPECT_EQ(look().packets, 0U);
}

TEST_F(OwnerTable, TellsProtocolsApart) {
  const Fd receiver = network_->bound(SOCK_DGRAM, service);
  const Fd sender = network_->socket(AF_INET, SOCK_DGRAM);
  {
    const NftOwnerTable table = install({{.protocol = NftProtocol::udp, .remote_port = service}});
    EXPECT_EQ(connect("127.0.0.1"), "connected");
    EXPECT_FALSE(send_to(sender, {.port = service}));
  }
  const NftOwnerTable table = install({{.protocol = NftProtocol::tcp, .remote_port = service}});
  EXPECT_EQ(connect("127.0.0.1"), "silence");
  EXPECT_TRUE(send_to(sender, {.port = service}));
}

TEST_F(OwnerTable, CutsConnectionsThatAreAlreadyOpen) {
  const SocketAddress target({"127.0.0.1", service});
  const Fd client = network_->socket(AF_INET, SOCK_STREAM);
  ASSERT_EQ(::connect(client.get(), target.get(), target.size()), 0);
  ASSERT_TRUE(readable(server_, patience));
  const Fd accepted(::accept4(server_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  ASSERT_TRUE(accepted.valid());
  const NftOwnerTable table = install({{.remote_port = service}});
  ASSERT_EQ(::send(client.get(), "hello", 5, 0), 5);
  EXPECT_FALSE(readable(accepted, silence));
}

TEST_F(OwnerTable, CountsPacketsAndBytes) {
  const Fd sender = network_->socket(AF_INET, SOCK_DGRAM);
  const NftOwnerTable table = install({{.direction = NftDirection::in, .local_port = service},
                                       {.direction = NftDirection::in, .local_port = 9}});
  EXPECT_EQ(look().packets, 0U);
  for (int i = 0; i < 7; ++i) ASSERT_TRUE(send_to(sender, {.port = service}));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(send_to(sender, {.port = 9}));
  const NftTableState state = look();
  EXPECT_TRUE(state.exists);
  EXPECT_EQ(state.rules, 4U);  // TCP and UDP for each
  EXPECT_EQ(state.packets, 10U);
  EXPECT_EQ(state.bytes, 10U * (20 + 8 + 5));  // IPv4 header, UDP header, "hello"
}

TEST_F(OwnerTable, VanishesWithItsObject) {
  {
    const NftOwnerTable table = install({{.remote_port = service}});
    EXPECT_TRUE(look().exists);
    EXPECT_EQ(table.name(), name);
  }
  EXPECT_FALSE(look().exists);
  EXPECT_EQ(look().rules, 0U);
  EXPECT_EQ(connect("127.0.0.1"), "connected");
}

TEST_F(OwnerTable, MovesWithItsObject) {
  NftOwnerTable first = install({{.remote_port = service}});
  NftOwnerTable second = std::move(first);
  EXPECT_TRUE(look().exists);
  EXPECT_TRUE(second.remove().ok());
  EXPECT_FALSE(look().exists);
}

TEST_F(OwnerTable, VanishesWhenItsHolderIsKilled) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  Fd reading(ends[0]);
  Fd writing(ends[1]);
  const pid_t holder = ::fork();
  ASSERT_GE(holder, 0);
  if (holder == 0) {
    const NftOwnerTable table = install({{.remote_port = service}});
    const bool told = ::write(writing.get(), "x", 1) == 1;
    while (told) ::pause();
    ::_exit(1);
  }
  writing.reset();
  char byte = 0;
  ASSERT_EQ(::read(reading.get(), &byte, 1), 1);
  EXPECT_TRUE(look().exists);
  EXPECT_EQ(connect("127.0.0.1"), "silence");
  ASSERT_EQ(::kill(holder, SIGKILL), 0);
  ASSERT_EQ(::waitpid(holder, nullptr, 0), holder);
  EXPECT_FALSE(look().exists);
  EXPECT_EQ(connect("127.0.0.1"), "connected");
}

TEST_F(OwnerTable, IsKeptByAForkedCopyButNotAgainstRemove) {
  std::optional<NftOwnerTable> table = install({{.remote_port = service}});
  const auto fork_idle = [] {
    const pid_t child = ::fork();
    while (child == 0) ::pause();
    return child;
  };
  const auto end = [](pid_t child) {
    ::kill(child, SIGKILL);
    return ::waitpid(child, nullptr, 0) == child;
  };
  const pid_t first = fork_idle();
  table.reset();
  EXPECT_TRUE(look().exists);
  EXPECT_TRUE(end(first));
  EXPECT_FALSE(look().exists);

  table = install({{.remote_port = service}});
  const pid_t second = fork_idle();
  EXPECT_TRUE(table->remove().ok());
  EXPECT_FALSE(look().exists);
  EXPECT_TRUE(end(second));
}

TEST_F(OwnerTable, RefusesANameThatAnotherOwnerHolds) {
  const NftOwnerTable table = install({{.remote_port = service}});
  const Error problem =
      NftOwnerTable::create(name, std::vector<NftRule>(1), network_->fd()).error();
  EXPECT_EQ(problem.code, Code::conflict);
  EXPECT_THAT(problem.message, HasSubstr("table inet squall_test: a table of that name exists"));
  EXPECT_THAT(problem.message, HasSubstr("belongs to another process"));
  EXPECT_EQ(look().rules, 2U * 2U);  // the first one is untouched
}

TEST_F(OwnerTable, RefusesANameThatAPlainTableHolds) {
  NftTransaction plain(name);
  plain.add_table(0);
  plain.commit();
  const Fd netlink = open_socket({AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER}, network_->fd()).value();
  ASSERT_GT(::send(netlink.get(), plain.bytes().data(), plain.bytes().size(), 0), 0);
  const std::vector<NftRule> rules(1);
  const Error problem = NftOwnerTable::create(name, rules, network_->fd()).error();
  EXPECT_EQ(problem.code, Code::conflict);
  EXPECT_EQ(problem.message, "making table inet squall_test: a table of that name exists already");
  EXPECT_THAT(problem.next, HasSubstr("nft delete table inet squall_test"));
}

TEST_F(OwnerTable, IsRehearsedWithoutATrace) {
  const std::vector<NftRule> rules = {{.action = NftAction::reject}};
  EXPECT_TRUE(NftOwnerTable::rehearse(name, rules, network_->fd()).ok());
  EXPECT_FALSE(look().exists);
  EXPECT_EQ(connect("127.0.0.1"), "connected");
  const NftOwnerTable table = install(rules);
  EXPECT_EQ(NftOwnerTable::rehearse(name, rules, network_->fd()).error().code, Code::conflict);
}

TEST_F(OwnerTable, HoldsAsManyRulesAsAllowed) {
  const NftOwnerTable table =
      install(std::vector<NftRule>(256, {.action = NftAction::reject, .peer = "fd00:1234::/32"}));
  EXPECT_EQ(look().rules, 256U * 6U);
  EXPECT_EQ(connect("fd00::1"), "connected");
}

TEST_F(OwnerTable, RefusesAWrongPeerBeforeItTouchesAnything) {
  const std::vector<NftRule> rules = {{.remote_port = 80}, {.peer = "10.0.0.0/99"}};
  const Error problem = NftOwnerTable::create(name, rules, network_->fd()).error();
  EXPECT_EQ(problem.code, Code::invalid);
  EXPECT_THAT(problem.render(), HasSubstr("rule 2"));
  EXPECT_THAT(problem.render(), HasSubstr("\"10.0.0.0/99\""));
  EXPECT_FALSE(look().exists);
}

TEST_F(OwnerTable, LeavesTheCallersNamespaceAlone) {
  struct stat before {};
  struct stat after {};
  ASSERT_EQ(::stat("/proc/thread-self/ns/net", &before), 0);
  const NftOwnerTable table = install({{.remote_port = service}});
  ASSERT_EQ(::stat("/proc/thread-self/ns/net", &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
  EXPECT_FALSE(nft_table_state(name).value().exists);
  EXPECT_TRUE(look().exists);
}

TEST_F(OwnerTable, RefusesADescriptorThatIsNoNamespace) {
  const Fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const std::vector<NftRule> rules(1);
  const Error problem = NftOwnerTable::create(name, rules, null.get()).error();
  EXPECT_EQ(problem.code, Code::invalid);
  EXPECT_THAT(problem.render(), HasSubstr("cannot enter the network namespace"));
  EXPECT_FALSE(nft_table_state(name, null.get()).ok());
}

TEST_F(OwnerTable, SaysWhichRightIsMissing) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const uid_t nobody = 65534;
    if (::setresuid(nobody, nobody, nobody) != 0) ::_exit(2);
    const std::vector<NftRule> rules = {{.peer = "192.0.2.1"}};  // an address for documentation
    const Result<NftOwnerTable> here = NftOwnerTable::create(name, rules);
    const Result<NftOwnerTable> there = NftOwnerTable::create(name, rules, network_->fd());
    const Result<NftTableState> seen = nft_table_state(name);
    const bool right = !here && here.error().code == Code::refused &&
                       here.error().next.find("CAP_NET_ADMIN") != std::string::npos && !there &&
                       there.error().code == Code::refused &&
                       there.error().next.find("CAP_SYS_ADMIN") != std::string::npos && !seen &&
                       seen.error().code == Code::refused;
    ::_exit(right ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace squall::sys
