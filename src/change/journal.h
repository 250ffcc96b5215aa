// The journal: what squall is about to change on this host, on disk before it is changed.
//
// One record a line, "CRC32C JSON\n". The JSON holds "n" (0, 1, 2 ...), "prev" (SHA-256 of the line
// before, so that no record can be taken out or put in unseen), "boot" (the kernel's boot id),
// "type" and the members of the record. A person can read it with less(1).
//
// It is kept twice, in `journal` and `journal.copy`, each synced before a durable append returns.
// When one copy was cut or damaged, the other one fills the gap; the damaged file is set aside,
// never deleted. Where both are damaged at the same record it is lost, and what it stood for may
// still be in force. A record "lost" then keeps that from being forgotten, until compact().
//
// Behind the last record both files are padded with newlines that are on disk already. A record is
// written over them: syncing it then changes no metadata, which is several times faster than
// growing the file, and the records of an undo find room even when the disk has filled up.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/node.h"
#include "core/result.h"
#include "sys/fd.h"

namespace squall::change {

struct Record {
  std::uint64_t number = 0;
  std::string type;
  std::string boot;
  json::object body;  // the members beside n, prev, boot and type
};

// What reading the two copies gave.
struct JournalContent {
  std::vector<Record> records;     // in order of number, possibly with gaps
  std::vector<std::string> notes;  // one sentence a damage; empty for a sound journal
  std::string last_hash;           // of the last line; empty for an empty journal
  std::string text;                // the sound lines, as they stand in an undamaged file
  bool copies_are_sound = true;    // both files hold `text` and padding
  // No record is missing, as far as it shows: their numbers have no gap, each follows the one
  // before it, and at least one copy ends with the last of them. A record that was only begun when
  // its writer died is in one copy alone, and no loss: nothing was touched yet.
  bool is_whole = true;
};

// Merges the texts of the two copies. Pure: this is what the fuzzer drives.
JournalContent merge_journal(std::string_view first, std::string_view second);
// Reads without changing anything; missing files read as empty, but two copies without a single
// byte were cut: a new journal has its padding from the beginning.
Result<JournalContent> read_journal(const std::string& folder);

class Journal {
 public:
  // Opens or makes the journal in `folder`, repairs a damaged copy from the other one, and hands
  // the content over. The caller holds the state lock.
  struct Opened;
  static Result<Opened> open(const std::string& folder);

  enum class Durability {
    synced,  // both copies are on disk before append returns
    lazy,    // survives the death of this process, not that of the host
  };
  // On an error nothing is left of the record.
  Status append(std::string_view type, json::object body,
                Durability durability = Durability::synced);
  // Replaces everything by one "checkpoint" record that carries the chain on. Only when nothing
  // lives.
  Status compact();
  std::uint64_t size() const { return size_; }

 private:
  struct Copy {
    sys::Fd fd;
    std::uint64_t padded_to = 0;  // bytes of the file, records and padding
  };
  Journal() = default;
  Status open_copies();
  Status remember_loss(const JournalContent& content);
  static Status pad(Copy& copy, std::uint64_t until);
  static Status write(Copy& copy, std::uint64_t offset, std::string_view line,
                      Durability durability);

  std::string folder_;
  std::string boot_;
  std::string last_hash_;
  std::uint64_t next_number_ = 0;
  std::uint64_t size_ = 0;  // bytes of the records alone
  Copy first_;
  Copy second_;
};

struct Journal::Opened {
  Journal journal;
  JournalContent content;
};

}  // namespace squall::change
