#include "sys/nft.h"

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include "sys/network_namespace.h"
#include "sys/nft_answer.h"
#include "sys/nft_message.h"
#include "sys/nft_rule.h"

namespace squall::sys {
namespace {

constexpr std::size_t answer_size_max = 64 << 10;  // the kernel fills at most 32 KiB at once
constexpr std::size_t answers_to_a_look = 64;
constexpr int look_attempts = 16;

Result<Fd> open_netfilter(std::optional<int> netns_fd) {
  Fd socket = TRY(open_socket({AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER}, netns_fd),
                  "opening a netlink socket to netfilter");
  // Answers without a quotation of the request, and with the kernel's own words where it has some.
  // Both are comforts: older kernels do without.
  const int on = 1;
  ::setsockopt(socket.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  ::setsockopt(socket.get(), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
  return socket;
}

// A datagram and the answers to it must fit into the socket's buffers. Beyond the host's usual
// limit this needs CAP_NET_ADMIN, without which the kernel refuses the transaction anyway and says
// so.
void make_room(const Fd& socket, std::size_t bytes, std::size_t answers) {
  constexpr std::size_t usual = 200 << 10;
  constexpr std::size_t answer_cost = 2 << 10;  // what the kernel accounts for one, rounded up
  const int to_send = static_cast<int>(std::max(usual, bytes + (64 << 10)));
  const int to_receive = static_cast<int>(std::max(usual, answers * answer_cost));
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDBUFFORCE, &to_send, sizeof to_send);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, &to_receive, sizeof to_receive);
}

Status send_datagram(const Fd& socket, const std::string& bytes) {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  const auto* address = reinterpret_cast<const sockaddr*>(&kernel);
  ssize_t sent = 0;
  do {
    sent = ::sendto(socket.get(), bytes.data(), bytes.size(), 0, address, sizeof kernel);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return errno_error(errno, "cannot send to nf_tables");
  return ok();
}

// The kernel works through a request inside sendto(2), so all answers are there when it returns and
// nothing here can wait for ever.
Result<std::vector<std::string>> receive_all(const Fd& socket) {
  std::vector<std::string> datagrams;
  std::string buffer(answer_size_max, '\0');
  while (true) {
    sockaddr_nl sender{};
    socklen_t size = sizeof sender;
    const ssize_t got =
        ::recvfrom(socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT | MSG_TRUNC,
                   reinterpret_cast<sockaddr*>(&sender), &size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return datagrams;
    if (got < 0) return errno_error(errno, "cannot receive from nf_tables");
    if (static_cast<std::size_t>(got) > buffer.size()) {
      return error(Code::failed, fmt::format("an answer of nf_tables has {} bytes, expected at "
                                             "most {}",
                                             got, buffer.size()));
    }
    if (sender.nl_pid != 0) continue;  // only the kernel is port 0; another process may not answer
    datagrams.emplace_back(buffer.data(), static_cast<std::size_t>(got));
  }
}

Result<std::vector<std::string>> ask(const Fd& socket, const std::string& bytes,
                                     std::size_t answers) {
  make_room(socket, bytes.size(), answers);
  TRY_VOID(send_datagram(socket, bytes));
  return receive_all(socket);
}

Status carry_out(const Fd& socket, const NftTransaction& transaction) {
  const std::vector<std::string> datagrams =
      TRY(ask(socket, transaction.bytes(), transaction.parts().size()));
  return judge(transaction, datagrams);
}

Result<NftTransaction> plan(const std::string& name, std::span<const NftRule> rules) {
  TRY_VOID(check_table_name(name));
  const std::vector<NftKernelRule> kernel_rules = TRY(translate_rules(rules));
  NftTransaction transaction(name);
  transaction.add_table(NFT_TABLE_F_OWNER);
  for (const NftHook hook : {NftHook::input, NftHook::output}) {
    const auto at_hook = [hook](const NftKernelRule& rule) { return rule.hook == hook; };
    if (std::any_of(kernel_rules.begin(), kernel_rules.end(), at_hook)) transaction.add_chain(hook);
  }
  for (const NftKernelRule& rule : kernel_rules) transaction.add_rule(rule);
  return transaction;
}

Result<NftTableState> look_once(const Fd& socket, const std::string& name) {
  const std::vector<std::string> rules =
      TRY(ask(socket, NftTransaction::rules_request(name), answers_to_a_look));
  NftTableState state = TRY(read_counters(rules));
  // Asked last: a table that went away meanwhile must not count as existing and idle.
  const std::vector<std::string> table =
      TRY(ask(socket, NftTransaction::table_request(name), answers_to_a_look));
  state.exists = TRY(read_existence(table));
  return state.exists ? state : NftTableState{};
}

}  // namespace

Result<NftOwnerTable> NftOwnerTable::create(const std::string& name, std::span<const NftRule> rules,
                                            std::optional<int> netns_fd) {
  NftTransaction transaction = TRY(plan(name, rules));
  transaction.commit();
  Fd socket = TRY(open_netfilter(netns_fd));
  // On any error the socket closes here, and the kernel removes what there might be.
  TRY_VOID(carry_out(socket, transaction));
  return NftOwnerTable(name, std::move(socket));
}

Status NftOwnerTable::rehearse(const std::string& name, std::span<const NftRule> rules,
                               std::optional<int> netns_fd) {
  const NftTransaction transaction = TRY(plan(name, rules));
  const Fd socket = TRY(open_netfilter(netns_fd));
  return carry_out(socket, transaction);
}

Status NftOwnerTable::clear() {
  NftTransaction transaction(name_);
  transaction.remove_rules();
  transaction.commit();
  return carry_out(socket_, transaction);
}

Status NftOwnerTable::remove() {
  CHECK(socket_.valid(), "an owner table is removed once");
  const Fd socket = std::move(socket_);
  NftTransaction transaction(name_);
  transaction.remove_table();
  transaction.commit();
  return carry_out(socket, transaction);
}

Result<NftTableState> nft_table_state(const std::string& name, std::optional<int> netns_fd) {
  TRY_VOID(check_table_name(name));
  const Fd socket = TRY(open_netfilter(netns_fd));
  Result<NftTableState> state = look_once(socket, name);
  for (int i = 1; i < look_attempts && !state && state.error().code == Code::conflict; ++i) {
    state = look_once(socket, name);
  }
  if (!state) return std::move(state).error().while_doing("looking at table inet " + name);
  return state;
}

}  // namespace squall::sys
