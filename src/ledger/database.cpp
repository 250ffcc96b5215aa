#include "ledger/database.h"

#include <array>

#include <fmt/core.h>

namespace squall::ledger {
namespace {

// Each entry brings the tables from the version before to its own; they are never edited once
// they have shipped, only added to. The texts run on SQLite and PostgreSQL alike.
constexpr std::array<std::string_view, 1> migrations = {{
    "create table run ("
    " number bigint primary key, id text not null unique, wall text not null,"
    " scenario text not null, plan_hash text not null, seed text not null, outcome text not null,"
    " exit_code bigint not null, learnt text not null, duration_ns bigint not null,"
    " timeline_path text not null, timeline_sha256 text not null, verdict text not null,"
    " plan text not null, host text not null, previous text not null, hash text not null,"
    " field_digests text not null)",
}};

constexpr auto newest = static_cast<std::int64_t>(migrations.size());

Result<std::int64_t> schema_version(Database& database) {
  const std::vector<Values> rows = TRY(database.run("select version from schema_version"));
  return rows.empty() ? 0 : number_of(rows[0].at(0));
}

}  // namespace

std::string text_of(const Value& value) {
  const std::string* text = std::get_if<std::string>(&value);
  return text == nullptr ? std::string() : *text;
}

std::int64_t number_of(const Value& value) {
  const std::int64_t* number = std::get_if<std::int64_t>(&value);
  return number == nullptr ? 0 : *number;
}

Status Database::end(std::string_view statement) {
  TRY_VOID(run(statement));
  return ok();
}

Result<Transaction> Transaction::begin(Database& database) {
  TRY_VOID(database.begin_writing());
  return Transaction(database);
}

Transaction::~Transaction() {
  // The error that led here is told already; one of the rollback would say nothing more.
  if (database_ != nullptr) static_cast<void>(database_->roll_back());
}

Status Transaction::commit() {
  TRY_VOID(database_->commit());
  database_ = nullptr;
  return ok();
}

Status check_version(Database& database) {
  const std::int64_t version = TRY(schema_version(database), "reading the version of the ledger");
  if (version == newest) return ok();
  return error(Code::unsupported,
               fmt::format("it has version {}, this squall knows {}", version, newest),
               version > newest ? "use the squall that wrote it, or a newer one"
                                : "the next run brings it up to date");
}

Status migrate(Database& database) {
  TRY_VOID(database.run("create table if not exists schema_version (version bigint not null)"));
  if (TRY(schema_version(database)) == newest) return ok();
  Transaction transaction = TRY(Transaction::begin(database));
  std::int64_t version = TRY(schema_version(database));  // another may have been faster
  if (version < 0 || version > newest) {
    return error(Code::unsupported,
                 fmt::format("it has version {}, this squall knows {}", version, newest),
                 "use the squall that wrote it, or a newer one");
  }
  for (; version < newest; ++version) {
    TRY_VOID(database.run(migrations[static_cast<std::size_t>(version)]),
             fmt::format("bringing it to version {}", version + 1));
  }
  TRY_VOID(database.run("delete from schema_version"));
  TRY_VOID(database.run("insert into schema_version (version) values ($1)", {newest}));
  return transaction.commit();
}

}  // namespace squall::ledger
