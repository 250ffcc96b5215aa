// SQLite, behind the Database contract. Every call of the library is in this file.
//
// Opening for a write takes the lock at once (begin immediate), so that two writers queue up in
// place of failing at commit. WAL lets readers go on meanwhile; synchronous=FULL makes a commit
// survive a power cut.
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <map>

#include <fcntl.h>
#include <fmt/core.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/text.h"
#include "ledger/database.h"
#include "sys/file.h"

namespace squall::ledger {
namespace {

struct Explained {
  int code;  // primary result code
  Code kind;
  std::string_view what;
  std::string_view next;
};
constexpr std::array<Explained, 10> explained = {{
    {SQLITE_BUSY, Code::conflict, "another process is writing to it",
     "wait until that one has ended, then try again"},
    {SQLITE_LOCKED, Code::conflict, "another process is writing to it",
     "wait until that one has ended, then try again"},
    {SQLITE_FULL, Code::failed, "its disk is full", "make room on that disk, then try again"},
    {SQLITE_READONLY, Code::refused, "it may only be read",
     "check the owner and mode of the file and its folder, or whether the disk is mounted "
     "read-only"},
    {SQLITE_PERM, Code::refused, "permission denied", "check the owner and mode of the file"},
    {SQLITE_AUTH, Code::refused, "permission denied", "check the owner and mode of the file"},
    {SQLITE_CANTOPEN, Code::refused, "it cannot be opened",
     "check that its folder exists and may be written to"},
    {SQLITE_NOTADB, Code::failed, "the file is damaged, or is no ledger",
     "move it aside; the timelines of the runs are not touched by that"},
    {SQLITE_CORRUPT, Code::failed, "the file is damaged",
     "move it aside, or restore a copy; the timelines of the runs are not touched by that"},
    {SQLITE_IOERR, Code::failed, "its disk reports an error",
     "look at the log of the kernel; make room if the disk is full"},
}};

class Sqlite final : public Database {
 public:
  explicit Sqlite(std::string path) : path_(std::move(path)) {}
  Sqlite(const Sqlite&) = delete;
  Sqlite& operator=(const Sqlite&) = delete;
  ~Sqlite() override { sqlite3_close_v2(handle_); }

  Status open(Duration lock_wait) {
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_EXRESCODE;
    const int code = sqlite3_open_v2(path_.c_str(), &handle_, flags, nullptr);
    if (code != SQLITE_OK) return failure(code);
    sqlite3_busy_timeout(handle_, lock_wait.poll_milliseconds());
    TRY_VOID(run("pragma journal_mode = wal"));
    TRY_VOID(run("pragma synchronous = full"));
    return ok();
  }

  // Two tries. The first is an ordinary one, which SQLite itself makes one for reading where the
  // file may not be written. Beside a file in WAL mode it needs room for an index, though; where
  // there is none, the file alone is read, as long as no log holds rows that it lacks.
  Status open_for_reading(Duration lock_wait) {
    constexpr int flags = SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_EXRESCODE;
    const Status usual = try_reading(path_, flags | SQLITE_OPEN_READWRITE, lock_wait);
    if (usual.ok() || found_damage_) return ok();
    const Result<std::string> whole_path = sys::real_path(path_);
    struct stat log {};
    const bool has_log = ::stat((path_ + "-wal").c_str(), &log) == 0 && log.st_size > 0;
    if (has_log || !whole_path.ok()) {
      return Error(usual.error())
          .advise("copy " + path_ + "* into a folder that may be written to, and look there");
    }
    sqlite3_close_v2(std::exchange(handle_, nullptr));
    const std::string address = "file:" + escaped(*whole_path) + "?immutable=1";
    const Status alone =
        try_reading(address, flags | SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, lock_wait);
    return alone.ok() || found_damage_ ? ok() : alone;
  }

  bool found_damage() const override { return found_damage_; }

  Status begin_writing() override {
    TRY_VOID(run("begin immediate"));
    return ok();
  }

  Result<std::vector<std::string>> check_files() override {
    const std::vector<Values> rows = TRY(run("pragma integrity_check(3)"));
    std::vector<std::string> findings;
    for (const Values& row : rows) {
      const std::string finding = text_of(row.at(0));
      if (finding != "ok") findings.push_back(finding);
    }
    Sqlite model(":memory:");
    TRY_VOID(model.open(seconds(0)));
    TRY_VOID(migrate(model));
    const std::map<std::string, std::string> wanted = TRY(model.schema());
    const std::map<std::string, std::string> found = TRY(schema());
    for (const auto& [name, text] : wanted) {
      const auto own = found.find(name);
      if (own == found.end())
        findings.push_back(fmt::format("the {} is missing", name));
      else if (own->second != text)
        findings.push_back(fmt::format("the {} was changed", name));
    }
    for (const auto& [name, text] : found) {
      if (!wanted.contains(name)) findings.push_back(fmt::format("the {} was added", name));
    }
    return findings;
  }

 private:
  Status try_reading(const std::string& name, int flags, Duration lock_wait) {
    const int code = sqlite3_open_v2(name.c_str(), &handle_, flags, nullptr);
    if (code != SQLITE_OK) return failure(code);
    sqlite3_busy_timeout(handle_, lock_wait.poll_milliseconds());
    TRY_VOID(run("select count(*) from sqlite_schema"));
    return ok();
  }

  // A path as it stands in a URI (https://www.sqlite.org/uri.html).
  static std::string escaped(const std::string& path) {
    std::string text;
    for (const char letter : path) {
      const bool is_plain = std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '/';
      text += is_plain ? std::string(1, letter)
                       : fmt::format("%{:02x}", static_cast<unsigned char>(letter));
    }
    return text;
  }

  // "table run" and the like, with the text that made it.
  Result<std::map<std::string, std::string>> schema() {
    std::map<std::string, std::string> things;
    for (const Values& row : TRY(run("select type, name, tbl_name, sql from sqlite_schema"))) {
      things[fmt::format("{} {}", printable(text_of(row.at(0))), quote(text_of(row.at(1))))] =
          text_of(row.at(2)) + ": " + text_of(row.at(3));
    }
    return things;
  }

  Result<std::vector<Values>> execute(std::string_view text, const Values& arguments) override {
    sqlite3_stmt* raw = nullptr;
    int code =
        sqlite3_prepare_v2(handle_, text.data(), static_cast<int>(text.size()), &raw, nullptr);
    const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement(raw, sqlite3_finalize);
    if (code != SQLITE_OK) return failure(code);
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      // "$1" is the name of a parameter here, and its number on PostgreSQL.
      const std::string name = fmt::format("${}", i + 1);
      const int index = sqlite3_bind_parameter_index(raw, name.c_str());
      CHECK(index > 0, "every argument is used by the statement");
      code = bind(raw, index, arguments[i]);
      if (code != SQLITE_OK) return failure(code);
    }
    std::vector<Values> rows;
    while ((code = sqlite3_step(raw)) == SQLITE_ROW) rows.push_back(read_row(raw));
    if (code != SQLITE_DONE) return failure(code);
    return rows;
  }

  static int bind(sqlite3_stmt* statement, int index, const Value& value) {
    if (const std::string* text = std::get_if<std::string>(&value)) {
      return sqlite3_bind_text64(statement, index, text->data(), text->size(), SQLITE_TRANSIENT,
                                 SQLITE_UTF8);
    }
    if (const std::int64_t* number = std::get_if<std::int64_t>(&value)) {
      return sqlite3_bind_int64(statement, index, *number);
    }
    return sqlite3_bind_null(statement, index);
  }

  static Values read_row(sqlite3_stmt* statement) {
    Values row;
    for (int i = 0; i < sqlite3_column_count(statement); ++i) {
      const int type = sqlite3_column_type(statement, i);
      if (type == SQLITE_INTEGER) {
        row.emplace_back(static_cast<std::int64_t>(sqlite3_column_int64(statement, i)));
      } else if (type == SQLITE_TEXT) {
        const unsigned char* text = sqlite3_column_text(statement, i);
        const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, i));
        row.emplace_back(std::string(reinterpret_cast<const char*>(text), size));
      } else {
        row.emplace_back(std::monostate());
      }
    }
    return row;
  }

  Error failure(int code) {
    const int primary = code & 0xFF;
    found_damage_ = found_damage_ || primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB;
    if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY) {
      return error(Code::conflict, fmt::format("the ledger {}: {}", path_, said()));
    }
    const int number = handle_ == nullptr ? 0 : sqlite3_system_errno(handle_);
    for (const Explained& one : explained) {
      if (one.code != primary) continue;
      // A full disk may show only as the number of a failed system call.
      if (one.code == SQLITE_IOERR && number == ENOSPC) continue;
      std::string because = number == 0 ? "" : fmt::format(" ({})", std::strerror(number));
      return error(one.kind, fmt::format("the ledger {}: {}{}", path_, one.what, because),
                   std::string(one.next));
    }
    if (number == ENOSPC) {
      return error(Code::failed, fmt::format("the ledger {}: its disk is full", path_),
                   "make room on that disk, then try again");
    }
    return error(Code::failed, fmt::format("the ledger {}: {}", path_, said()));
  }
  std::string said() const {
    return handle_ == nullptr ? "out of memory" : sqlite3_errmsg(handle_);
  }

  std::string path_;
  sqlite3* handle_ = nullptr;
  bool found_damage_ = false;
};

}  // namespace

Result<std::unique_ptr<Database>> open_sqlite_database(const std::string& path,
                                                       Duration lock_wait) {
  // Made here, so that the mode is right from the first byte; its side files get the same mode. A
  // file that stands there already is not even opened: closing any descriptor of it would drop
  // every lock that this process has on it (fcntl(2)), and another process would then remove a
  // log that is in use.
  const Result<sys::Fd> made = sys::open_file(path, O_RDWR | O_CREAT | O_EXCL, 0600);
  const bool stands = !made.ok() && made.error().code == Code::conflict;
  if (!made.ok() && (!stands || ::access(path.c_str(), R_OK | W_OK) != 0)) {
    return (stands ? errno_error(errno, "opening " + path) : Error(made.error()))
        .advise("check that the folder exists and may be written to by this user")
        .while_doing("opening the ledger");
  }
  auto database = std::make_unique<Sqlite>(path);
  TRY_VOID(database->open(lock_wait));
  return database;
}

Result<std::unique_ptr<Database>> open_sqlite_database_for_reading(const std::string& path,
                                                                   Duration lock_wait) {
  auto database = std::make_unique<Sqlite>(path);
  TRY_VOID(database->open_for_reading(lock_wait), "opening the ledger");
  return database;
}

}  // namespace squall::ledger
