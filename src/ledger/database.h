// The thin layer between the ledger and a database engine: statements with $1..$n, rows of texts
// and whole numbers, and errors that say what to do. One SQL text serves every engine; what differs
// (opening, locking for a write) stands behind this contract.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/duration.h"
#include "core/result.h"

namespace squall::ledger {

// A value of any other type (a blob, a real) reads as null: the ledger stores none.
using Value = std::variant<std::monostate, std::int64_t, std::string>;
using Values = std::vector<Value>;

std::string text_of(const Value& value);     // "" when it is no text
std::int64_t number_of(const Value& value);  // 0 when it is no number

class Database {
 public:
  virtual ~Database() = default;
  // Runs one statement, with `arguments` in the place of $1..$n. Code::conflict: a unique key is
  // taken already, or another writer held the lock for too long.
  Result<std::vector<Values>> run(std::string_view statement, const Values& arguments = {}) {
    return execute(statement, arguments);
  }
  // Begins a transaction which no other writer can run beside.
  virtual Status begin_writing() = 0;
  // The findings of the engine's own check of its files, and where tables, indices or triggers are
  // not those that migrate() makes; empty when there are none.
  virtual Result<std::vector<std::string>> check_files() = 0;
  // Whether an error so far was that of a damaged file, and not of a disk, a lock or a right.
  virtual bool found_damage() const = 0;

  Status commit() { return end("commit"); }
  Status roll_back() { return end("rollback"); }

 private:
  virtual Result<std::vector<Values>> execute(std::string_view statement,
                                              const Values& arguments) = 0;
  Status end(std::string_view statement);
};

// A transaction which is rolled back unless it was committed.
class Transaction {
 public:
  static Result<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Status commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

// WAL, synchronous=FULL. The file is made readable by its owner alone.
Result<std::unique_ptr<Database>> open_sqlite_database(const std::string& path, Duration lock_wait);

// For reading alone, wherever that is possible: on a disk that is full, in a folder that may not be
// written to. Makes nothing, and does not fail on a damaged file; its statements do.
Result<std::unique_ptr<Database>> open_sqlite_database_for_reading(const std::string& path,
                                                                   Duration lock_wait);

// Code::unsupported when another version of squall wrote the tables, or they are none of squall.
Status check_version(Database& database);
// Creates the tables, or brings older ones up to date, in one transaction. Code::unsupported when
// a newer squall wrote them.
Status migrate(Database& database);

}  // namespace squall::ledger
