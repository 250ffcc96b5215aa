// The ledger is the record of all runs, hash-chained so that no row can be changed, taken out or
// moved without being noticed.
//
// Each row carries the hash of the row before it and its own: SHA-256 over the canonical JSON of
// its content, its number and that previous hash. Beside it stands a short digest of every field,
// which is what lets a damaged field be named. A head record (how many rows there are, and the last
// hash) is kept in a small text file beside the database, so that a cut tail is noticed too.
//
// What this proves: that nothing was altered by accident, by a broken disk, or by somebody who did
// not rewrite the whole chain and the head file as well. It does not prove who wrote it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/duration.h"
#include "core/result.h"

namespace squall::ledger {

// What is recorded of one run. All texts are UTF-8.
struct Run {
  std::string id;    // unique in the ledger
  std::string wall;  // start of the run, RFC 3339 in UTC
  std::string scenario;
  std::string plan_hash;
  std::uint64_t seed = 0;
  std::string outcome;  // held | refuted | invalid | inconclusive | aborted | unsupported
  std::int64_t exit_code = 0;
  std::string learnt;
  Duration duration;
  std::string timeline_path;    // absolute; empty when none was kept
  std::string timeline_sha256;  // of the whole file, in hexadecimal
  std::string verdict;          // canonical JSON
  std::string plan;             // canonical JSON
  std::string host;             // name of the host it ran on
};

// A run with its place in the chain.
struct Row {
  std::int64_t number = 0;  // from 1, without gaps
  Run run;
  std::string previous;  // hash of the row before; 64 zeros in the first
  std::string hash;      // of this row
};

// The first thing found that is not as it was written.
struct Damage {
  std::int64_t row = 0;  // its number, or the number of the row that is missing
  std::string run;       // id of the run, as far as it can be read
  std::string field;     // "learnt", "hash", "timeline", or "row" when it is missing as a whole
  std::string message;   // one sentence for people
};

struct Verification {
  std::int64_t rows = 0;  // rows looked at
  std::optional<Damage> damage;
  std::vector<std::string> notes;  // what is odd but no damage
};

class Ledger {
 public:
  virtual ~Ledger() = default;
  // Adds a run at the end, durable when it returns. Code::conflict: a run of this id is there
  // already, somebody else writes for too long, or the tail of the ledger is missing.
  virtual Result<Row> append(const Run& run) = 0;
  // The newest first.
  virtual Result<std::vector<Row>> list(std::size_t limit) = 0;
  // By id, by the beginning of an id if only one run begins so, or "last". Code::not_found, or
  // Code::invalid when several begin so.
  virtual Result<Row> find(std::string_view id) = 0;
  // Recomputes every hash, row by row and timeline by timeline, and stops at the first damage.
  // An error means that it could not be read at all.
  virtual Result<Verification> verify() = 0;
};

struct Options {
  Duration lock_wait = seconds(5);  // how long to wait for another writer
};

// Opens the ledger at `path`, making it and bringing its tables up to date when needed. The head
// record is kept in `path`.head. Errors name the path and say what to do.
Result<std::unique_ptr<Ledger>> open_sqlite(const std::string& path, const Options& options = {});
// The same for reading alone: makes and changes nothing, and works on a disk that is full or may
// only be read. Its append() fails.
Result<std::unique_ptr<Ledger>> open_sqlite_for_reading(const std::string& path,
                                                        const Options& options = {});
// Ledger::verify of the ledger at `path`, whatever is left of it: a file that cannot be read as a
// ledger is damage, and so is one that is gone while its head record knows of rows.
// Code::not_found when neither is there.
Result<Verification> verify_sqlite(const std::string& path, const Options& options = {});

}  // namespace squall::ledger
