#include "sys/nft_message.h"

#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include <arpa/inet.h>
#include <fmt/core.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/xt_NFQUEUE.h>

namespace squall::sys {
namespace {

constexpr int filter_priority = -150;  // after connection tracking, before address translation

std::uint16_t nft_type(int message) {
  return static_cast<std::uint16_t>((NFNL_SUBSYS_NFTABLES << 8) | message);
}

std::string chain_name(NftHook hook) {
  return hook == NftHook::input ? "input" : "output";
}

std::optional<nft_meta_keys> meta_key(NftSource source) {
  switch (source) {
    case NftSource::family:
      return NFT_META_NFPROTO;
    case NftSource::protocol:
      return NFT_META_L4PROTO;
    case NftSource::mark:
      return NFT_META_MARK;
    case NftSource::network_header:
    case NftSource::transport_header:
      break;
  }
  return std::nullopt;
}

}  // namespace

// One message under construction. The buffer is several times larger than the longest rule; the
// attribute functions check the space, so a mistake here aborts instead of overflowing.
class NftTransaction::Message {
 public:
  Message(std::uint16_t type, unsigned flags, std::uint32_t sequence,
          std::uint8_t family = NFPROTO_INET, std::uint16_t resource = 0)
      : header_(mnl_nlmsg_put_header(buffer_.data())) {
    header_->nlmsg_type = type;
    header_->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
    header_->nlmsg_seq = sequence;
    auto* extra = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(header_, sizeof(nfgenmsg)));
    extra->nfgen_family = family;
    extra->version = NFNETLINK_V0;
    extra->res_id = htons(resource);
  }
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  void put(std::uint16_t type, std::string_view bytes) {
    CHECK(mnl_attr_put_check(header_, buffer_.size(), type, bytes.size(), bytes.data()),
          "an nf_tables message outgrew its buffer");
  }
  void put_text(std::uint16_t type, const std::string& text) {
    put(type, std::string_view(text.c_str(), text.size() + 1));
  }
  void put_number(std::uint16_t type, std::uint32_t number) {  // nf_tables is big-endian throughout
    const std::uint32_t wire = htonl(number);
    put(type, std::string_view(reinterpret_cast<const char*>(&wire), sizeof wire));
  }
  template <class Inner>
  void nest(std::uint16_t type, Inner inner) {
    nlattr* start = mnl_attr_nest_start_check(header_, buffer_.size(), type);
    CHECK(start != nullptr, "an nf_tables message outgrew its buffer");
    inner();
    mnl_attr_nest_end(header_, start);
  }
  template <class Inner>
  void expression(const std::string& name, Inner inner) {
    nest(NFTA_LIST_ELEM, [&] {
      put_text(NFTA_EXPR_NAME, name);
      nest(NFTA_EXPR_DATA, inner);
    });
  }
  void put_value(std::uint16_t type, std::string_view bytes) {
    nest(type, [&] { put(NFTA_DATA_VALUE, bytes); });
  }

  void put_load(const NftMatch& match);
  void put_match(const NftMatch& match);
  void put_verdict(const NftKernelRule& rule);
  void put_queue(std::uint16_t number);

  std::string_view bytes() const {
    return {buffer_.data(), MNL_ALIGN(static_cast<std::size_t>(header_->nlmsg_len))};
  }

 private:
  alignas(nlmsghdr) std::array<char, 8192> buffer_{};
  nlmsghdr* header_;
};

void NftTransaction::Message::put_load(const NftMatch& match) {
  if (const std::optional<nft_meta_keys> key = meta_key(match.source)) {
    expression("meta", [&] {
      put_number(NFTA_META_KEY, *key);
      put_number(NFTA_META_DREG, NFT_REG_1);
    });
    return;
  }
  const bool network = match.source == NftSource::network_header;
  expression("payload", [&] {
    put_number(NFTA_PAYLOAD_DREG, NFT_REG_1);
    put_number(NFTA_PAYLOAD_BASE,
               network ? NFT_PAYLOAD_NETWORK_HEADER : NFT_PAYLOAD_TRANSPORT_HEADER);
    put_number(NFTA_PAYLOAD_OFFSET, match.offset);
    put_number(NFTA_PAYLOAD_LEN, static_cast<std::uint32_t>(match.value.size()));
  });
}

void NftTransaction::Message::put_match(const NftMatch& match) {
  put_load(match);
  if (!match.mask.empty()) {
    CHECK(match.mask.size() == match.value.size(), "a mask covers the whole value");
    expression("bitwise", [&] {
      put_number(NFTA_BITWISE_SREG, NFT_REG_1);
      put_number(NFTA_BITWISE_DREG, NFT_REG_1);
      put_number(NFTA_BITWISE_LEN, static_cast<std::uint32_t>(match.value.size()));
      put_value(NFTA_BITWISE_MASK, match.mask);
      put_value(NFTA_BITWISE_XOR, std::string(match.value.size(), '\0'));
    });
  }
  expression("cmp", [&] {
    put_number(NFTA_CMP_SREG, NFT_REG_1);
    put_number(NFTA_CMP_OP, match.equal ? NFT_CMP_EQ : NFT_CMP_NEQ);
    put_value(NFTA_CMP_DATA, match.value);
  });
}

// The target of xtables, which every kernel with NFQUEUE has; the native expression is rarer.
void NftTransaction::Message::put_queue(std::uint16_t number) {
  constexpr std::uint32_t revision = 3;
  const xt_NFQ_info_v3 queue{.queuenum = number, .queues_total = 1, .flags = NFQ_FLAG_BYPASS};
  std::string info(reinterpret_cast<const char*>(&queue), sizeof queue);
  constexpr std::size_t alignment = 8;  // XT_ALIGN
  info.resize((info.size() + alignment - 1) / alignment * alignment);
  expression("target", [&] {
    put_text(NFTA_TARGET_NAME, "NFQUEUE");
    put_number(NFTA_TARGET_REV, revision);
    put(NFTA_TARGET_INFO, info);
  });
}

void NftTransaction::Message::put_verdict(const NftKernelRule& rule) {
  const NftVerdict verdict = rule.verdict;
  if (verdict == NftVerdict::queue) return put_queue(rule.queue);
  if (verdict == NftVerdict::drop) {
    expression("immediate", [&] {
      put_number(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
      nest(NFTA_IMMEDIATE_DATA,
           [&] { nest(NFTA_DATA_VERDICT, [&] { put_number(NFTA_VERDICT_CODE, NF_DROP); }); });
    });
    return;
  }
  const bool reset = verdict == NftVerdict::tcp_reset;
  const char code = reset ? '\0' : static_cast<char>(NFT_REJECT_ICMPX_PORT_UNREACH);
  expression("reject", [&] {
    put_number(NFTA_REJECT_TYPE, reset ? NFT_REJECT_TCP_RST : NFT_REJECT_ICMPX_UNREACH);
    put(NFTA_REJECT_ICMP_CODE, std::string_view(&code, 1));
  });
}

NftTransaction::NftTransaction(std::string table) : table_(std::move(table)) {
  add(NftPart::begin, "the transaction",
      Message(NFNL_MSG_BATCH_BEGIN, 0, next_sequence(), AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
}

void NftTransaction::add(NftPart kind, std::string what, const Message& message) {
  bytes_.append(message.bytes());
  parts_.push_back({kind, std::move(what)});
}

void NftTransaction::add_table(std::uint32_t flags) {
  Message message(nft_type(NFT_MSG_NEWTABLE), NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK,
                  next_sequence());
  message.put_text(NFTA_TABLE_NAME, table_);
  message.put_number(NFTA_TABLE_FLAGS, flags);
  add(NftPart::table, fmt::format("making table inet {}", table_), message);
}

void NftTransaction::add_chain(NftHook hook) {
  Message message(nft_type(NFT_MSG_NEWCHAIN), NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK,
                  next_sequence());
  message.put_text(NFTA_CHAIN_TABLE, table_);
  message.put_text(NFTA_CHAIN_NAME, chain_name(hook));
  message.nest(NFTA_CHAIN_HOOK, [&] {
    message.put_number(NFTA_HOOK_HOOKNUM,
                       hook == NftHook::input ? NF_INET_LOCAL_IN : NF_INET_LOCAL_OUT);
    message.put_number(NFTA_HOOK_PRIORITY, static_cast<std::uint32_t>(filter_priority));
  });
  message.put_number(NFTA_CHAIN_POLICY, NF_ACCEPT);
  message.put_text(NFTA_CHAIN_TYPE, "filter");
  add(NftPart::chain, fmt::format("making chain {}", chain_name(hook)), message);
}

void NftTransaction::add_rule(const NftKernelRule& rule) {
  Message message(nft_type(NFT_MSG_NEWRULE), NLM_F_CREATE | NLM_F_APPEND | NLM_F_ACK,
                  next_sequence());
  message.put_text(NFTA_RULE_TABLE, table_);
  message.put_text(NFTA_RULE_CHAIN, chain_name(rule.hook));
  message.nest(NFTA_RULE_EXPRESSIONS, [&] {
    for (const NftMatch& match : rule.matches) message.put_match(match);
    message.expression("counter", [] {});
    message.put_verdict(rule);
  });
  add(NftPart::rule, fmt::format("adding {}", rule.label), message);
}

void NftTransaction::remove_rules() {
  Message message(nft_type(NFT_MSG_DELRULE), NLM_F_ACK, next_sequence());
  message.put_text(NFTA_RULE_TABLE, table_);
  add(NftPart::rule, fmt::format("removing the rules of table inet {}", table_), message);
}

void NftTransaction::remove_table() {
  Message message(nft_type(NFT_MSG_DELTABLE), NLM_F_ACK, next_sequence());
  message.put_text(NFTA_TABLE_NAME, table_);
  add(NftPart::table, fmt::format("removing table inet {}", table_), message);
}

void NftTransaction::commit() {
  add(NftPart::end, "the end of the transaction",
      Message(NFNL_MSG_BATCH_END, 0, next_sequence(), AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
}

std::string NftTransaction::table_request(const std::string& table) {
  Message message(nft_type(NFT_MSG_GETTABLE), 0, 1);
  message.put_text(NFTA_TABLE_NAME, table);
  return std::string(message.bytes());
}

std::string NftTransaction::rules_request(const std::string& table) {
  Message message(nft_type(NFT_MSG_GETRULE), NLM_F_DUMP, 1);
  message.put_text(NFTA_RULE_TABLE, table);
  return std::string(message.bytes());
}

}  // namespace squall::sys
