// The arithmetic of the hash chain: what a row's hash is taken over, and which row and field is
// damaged when the numbers do not agree. Touches neither a database nor a file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"
#include "ledger/ledger.h"

namespace squall::ledger {

// Field name and content as text, in the order of the table. Numbers in decimal.
using Fields = std::vector<std::pair<std::string, std::string>>;

// A row as the chain sees it: just what is stored, whatever its type has become.
struct Link {
  std::int64_t number = 0;
  Fields fields;  // all that the hash covers, the number included
  std::string previous;
  std::string hash;
  std::string field_digests;
};

// What stands before the first row: 64 zeros.
std::string first_previous();
Fields fields_of(const Run& run, std::int64_t number);
// The link that follows one with this number and hash.
Link chained(Fields fields, std::int64_t number, const std::string& previous);

// The last number and hash, as kept beside the database.
struct Head {
  std::int64_t count = 0;
  std::string hash = first_previous();
};
std::string render(const Head& head);
// Code::invalid when the text is no head record, or was changed.
Result<Head> parse_head(std::string_view text);

// Fed with the links in ascending order of their numbers.
class ChainCheck {
 public:
  explicit ChainCheck(Head head) : head_(std::move(head)) {}
  // Damage of this row, or of one that is missing before it.
  std::optional<Damage> add(const Link& link);
  // Damage at the end: rows which the head record knows and the ledger has no more.
  std::optional<Damage> finish() const;
  std::int64_t rows() const { return last_number_; }

 private:
  std::optional<Damage> check_hashes(const Link& link) const;

  Head head_;
  std::int64_t last_number_ = 0;
  std::string last_hash_ = first_previous();
};

}  // namespace squall::ledger
