#include "sys/nft_answer.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>

#include <endian.h>
#include <fmt/core.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

namespace squall::sys {
namespace {

// Calls `visit` with each whole message of each datagram.
template <class Visit>
void for_each_message(const std::vector<std::string>& datagrams, Visit visit) {
  for (const std::string& datagram : datagrams) {
    const auto* message = reinterpret_cast<const nlmsghdr*>(datagram.data());
    int left = static_cast<int>(datagram.size());
    while (mnl_nlmsg_ok(message, left)) {
      visit(message);
      message = mnl_nlmsg_next(message, &left);
    }
  }
}

// The C macros of libmnl for this do not compile as C++.
template <class Visit>
void for_each_attribute(const void* first, std::size_t size, Visit visit) {
  const auto* attribute = static_cast<const nlattr*>(first);
  int left = static_cast<int>(size);
  while (mnl_attr_ok(attribute, left)) {
    visit(attribute);
    left -= static_cast<int>(MNL_ALIGN(static_cast<std::size_t>(attribute->nla_len)));
    attribute = mnl_attr_next(attribute);
  }
}

template <class Visit>
void for_each_attribute_of(const nlmsghdr* message, std::size_t offset, Visit visit) {
  const std::size_t size = mnl_nlmsg_get_payload_len(message);
  if (offset >= size) return;
  for_each_attribute(mnl_nlmsg_get_payload_offset(message, offset), size - offset, visit);
}

template <class Visit>
void for_each_nested(const nlattr* nest, Visit visit) {
  for_each_attribute(mnl_attr_get_payload(nest), mnl_attr_get_payload_len(nest), visit);
}

std::string_view payload_of(const nlattr* attribute) {
  return {static_cast<const char*>(mnl_attr_get_payload(attribute)),
          mnl_attr_get_payload_len(attribute)};
}

std::string_view text_of(const nlattr* attribute) {
  const std::string_view bytes = payload_of(attribute);
  return bytes.substr(0, bytes.find('\0'));
}

std::uint64_t number_of(const nlattr* attribute) {
  const std::string_view bytes = payload_of(attribute);
  std::uint64_t number = 0;
  if (bytes.size() == sizeof number) std::memcpy(&number, bytes.data(), sizeof number);
  return be64toh(number);
}

struct Answer {
  int number = 0;           // a positive errno, 0 for a confirmation
  std::string kernel_text;  // the kernel's own words; mostly there are none
};

Answer read_answer(const nlmsghdr* message) {
  if (mnl_nlmsg_get_payload_len(message) < sizeof(nlmsgerr)) return {EBADMSG, {}};
  const auto* problem = static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(message));
  Answer answer{-problem->error, {}};
  if ((message->nlmsg_flags & NLM_F_ACK_TLVS) == 0) return answer;
  std::size_t offset = sizeof(nlmsgerr);
  if ((message->nlmsg_flags & NLM_F_CAPPED) == 0) {
    // The request is quoted between the error and the attributes about it.
    const std::size_t quoted = std::max<std::size_t>(problem->msg.nlmsg_len, sizeof(nlmsghdr));
    offset += MNL_ALIGN(quoted - sizeof(nlmsghdr));
  }
  for_each_attribute_of(message, offset, [&](const nlattr* attribute) {
    if (mnl_attr_get_type(attribute) == NLMSGERR_ATTR_MSG) answer.kernel_text = text_of(attribute);
  });
  return answer;
}

// The same errno means different things at different parts of a transaction.
Error explain(const NftTransaction& transaction, const NftTransaction::Part& part,
              const Answer& answer) {
  const int number = answer.number;
  const bool lacking =
      number == EOPNOTSUPP || number == ENOENT || number == EPROTONOSUPPORT || number == EINVAL;
  const std::string because = fmt::format(
      "{}{}", std::strerror(number),
      answer.kernel_text.empty() ? "" : fmt::format(" (the kernel says: {})", answer.kernel_text));
  if (part.kind == NftPart::begin && number == EPERM) {
    return error(Code::refused, fmt::format("the kernel refuses changes to nf_tables: {}", because),
                 "run as root, or with CAP_NET_ADMIN in that network namespace");
  }
  if (part.kind == NftPart::begin && lacking) {
    return error(Code::unsupported, fmt::format("this kernel has no nf_tables: {}", because),
                 "use a kernel built with CONFIG_NF_TABLES");
  }
  // The owner of a table is the only one to whom the kernel answers EEXIST; others may not touch
  // it.
  if (part.kind == NftPart::table && (number == EEXIST || number == EPERM)) {
    return error(Code::conflict,
                 fmt::format("{}: a table of that name exists already{}", part.what,
                             number == EPERM ? " and belongs to another process" : ""),
                 number == EPERM ? "wait for its owner to end, or choose another name"
                                 : fmt::format("choose another name, or if nobody needs it: nft "
                                               "delete table inet {}",
                                               transaction.table()));
  }
  if (part.kind == NftPart::table && number == EOPNOTSUPP) {
    return error(Code::unsupported,
                 fmt::format("{}: this kernel has no owner tables: {}", part.what, because),
                 "use Linux 5.12 or later");
  }
  if (part.kind == NftPart::chain && lacking) {
    return error(
        Code::unsupported,
        fmt::format("{}: this kernel cannot filter in family inet: {}", part.what, because),
        "use a kernel built with CONFIG_NF_TABLES_INET");
  }
  if (part.kind == NftPart::rule && (number == ENOENT || number == EOPNOTSUPP)) {
    return error(Code::unsupported,
                 fmt::format("{}: this kernel lacks a part of it: {}", part.what, because),
                 "for rejecting rules use a kernel built with CONFIG_NFT_REJECT_INET");
  }
  Error problem = errno_error(number, part.what);
  if (!answer.kernel_text.empty()) problem.message = fmt::format("{}: {}", part.what, because);
  return problem;
}

void add_counter(const nlattr* expression, NftTableState& sum) {
  bool counter = false;
  for_each_nested(expression, [&](const nlattr* part) {
    if (mnl_attr_get_type(part) == NFTA_EXPR_NAME) counter = text_of(part) == "counter";
    if (!counter || mnl_attr_get_type(part) != NFTA_EXPR_DATA) return;
    for_each_nested(part, [&](const nlattr* value) {
      if (mnl_attr_get_type(value) == NFTA_COUNTER_PACKETS) sum.packets += number_of(value);
      if (mnl_attr_get_type(value) == NFTA_COUNTER_BYTES) sum.bytes += number_of(value);
    });
  });
}

void add_rule(const nlmsghdr* message, NftTableState& sum) {
  ++sum.rules;
  for_each_attribute_of(message, sizeof(nfgenmsg), [&](const nlattr* attribute) {
    if (mnl_attr_get_type(attribute) != NFTA_RULE_EXPRESSIONS) return;
    for_each_nested(attribute, [&](const nlattr* expression) { add_counter(expression, sum); });
  });
}

bool is_nft(const nlmsghdr* message, int type) {
  return message->nlmsg_type == ((NFNL_SUBSYS_NFTABLES << 8) | type);
}

// Both an error and the end of a list carry an errno in front.
int end_of_list(const nlmsghdr* message) {
  std::int32_t number = 0;
  if (mnl_nlmsg_get_payload_len(message) < sizeof number) return 0;
  std::memcpy(&number, mnl_nlmsg_get_payload(message), sizeof number);
  return -number;
}

}  // namespace

Status judge(const NftTransaction& transaction, const std::vector<std::string>& datagrams) {
  const std::vector<NftTransaction::Part>& parts = transaction.parts();
  std::vector<std::optional<Answer>> answers(parts.size());
  for_each_message(datagrams, [&](const nlmsghdr* message) {
    const std::size_t index = message->nlmsg_seq - std::size_t{1};
    if (message->nlmsg_type != NLMSG_ERROR || index >= answers.size()) return;
    std::optional<Answer>& answer = answers[index];
    if (!answer || answer->number == 0) answer = read_answer(message);
  });
  // A refusal of the whole comes as an answer to its first message, and then outweighs
  // confirmations of the others; so the earliest error is the one to tell.
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (answers[i] && answers[i]->number != 0) return explain(transaction, parts[i], *answers[i]);
  }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool frame = parts[i].kind == NftPart::begin || parts[i].kind == NftPart::end;
    if (!frame && !answers[i]) {
      return error(Code::failed, fmt::format("{}: the kernel did not answer", parts[i].what),
                   "try again; if it happens twice, report it with the kernel's version");
    }
  }
  return ok();
}

Result<bool> read_existence(const std::vector<std::string>& datagrams) {
  bool found = false;
  std::optional<Answer> answer;
  for_each_message(datagrams, [&](const nlmsghdr* message) {
    if (is_nft(message, NFT_MSG_NEWTABLE)) found = true;
    if (message->nlmsg_type == NLMSG_ERROR) answer = read_answer(message);
  });
  if (found) return true;
  if (answer && answer->number == ENOENT) return false;
  if (!answer) return error(Code::failed, "the kernel did not answer whether the table exists");
  return errno_error(answer->number, "cannot look at nf_tables")
      .advise(answer->number == EPERM ? "run as root, or with CAP_NET_ADMIN in that namespace"
                                      : "");
}

Result<NftTableState> read_counters(const std::vector<std::string>& datagrams) {
  NftTableState sum;
  bool complete = false;
  bool interrupted = false;
  int number = 0;
  for_each_message(datagrams, [&](const nlmsghdr* message) {
    if ((message->nlmsg_flags & NLM_F_DUMP_INTR) != 0) interrupted = true;
    if (is_nft(message, NFT_MSG_NEWRULE)) add_rule(message, sum);
    if (message->nlmsg_type == NLMSG_ERROR) number = read_answer(message).number;
    if (message->nlmsg_type == NLMSG_DONE) {
      complete = true;
      number = end_of_list(message);
    }
  });
  if (number != 0) return errno_error(number, "cannot list the rules of nf_tables");
  if (interrupted) return error(Code::conflict, "nf_tables changed while its rules were listed");
  if (!complete) return error(Code::failed, "the kernel's list of nf_tables rules has no end");
  return sum;
}

}  // namespace squall::sys
