// Netlink requests to nf_tables, as bytes in memory: no socket here.
//
// A transaction is a row of messages between BATCH_BEGIN and BATCH_END, sent as one datagram. The
// kernel judges all of them before it touches anything; without BATCH_END it only judges. Each
// message has a sequence number, by which an answer (nft_answer.h) names the message it is about.
// The attributes are those of linux/netfilter/nf_tables.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sys/nft_rule.h"

namespace squall::sys {

// What a message is about; tells errors apart that share an errno.
enum class NftPart { begin, table, chain, rule, end };

class NftTransaction {
 public:
  explicit NftTransaction(std::string table);  // adds BATCH_BEGIN

  void add_table(std::uint32_t flags);  // NFT_TABLE_F_*; the kernel refuses if the table exists
  void add_chain(NftHook hook);         // named "input" or "output"
  void add_rule(const NftKernelRule& rule);
  void remove_rules();  // all of them
  void remove_table();
  void commit();  // adds BATCH_END; without it the kernel applies nothing

  struct Part {
    NftPart kind = NftPart::begin;
    std::string what;  // "rule 2 (drop tcp out, peer 10.0.0.1)"
  };
  const std::string& table() const { return table_; }
  const std::string& bytes() const { return bytes_; }
  // The part at index i was sent with sequence number i + 1.
  const std::vector<Part>& parts() const { return parts_; }

  // Not part of a transaction: questions whether the table is there, and for all its rules with
  // their counters.
  static std::string table_request(const std::string& table);
  static std::string rules_request(const std::string& table);

 private:
  class Message;
  void add(NftPart kind, std::string what, const Message& message);
  std::uint32_t next_sequence() const { return static_cast<std::uint32_t>(parts_.size() + 1); }

  std::string table_;
  std::string bytes_;
  std::vector<Part> parts_;
};

}  // namespace squall::sys
