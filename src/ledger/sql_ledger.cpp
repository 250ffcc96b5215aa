// The order of an append: under the writers' lock the head record is compared with the last row and
// brought up to it, the new row goes in, and the lock is given up by the commit. Then, under the
// lock again, the head record is written from what the last row is by then. Whoever dies in between
// leaves a head that lags, which is no damage; a head that is ahead of the rows means a cut tail.
#include "ledger/sql_ledger.h"

#include <charconv>

#include <fmt/core.h>

#include "core/text.h"
#include "ledger/chain.h"
#include "sys/file.h"

namespace squall::ledger {
namespace {

constexpr std::string_view columns =
    "number, id, wall, scenario, plan_hash, seed, outcome, exit_code, learnt, duration_ns,"
    " timeline_path, timeline_sha256, verdict, plan, host, previous, hash, field_digests";
constexpr std::size_t covered = 15;  // the columns before `previous`
constexpr std::size_t page = 256;    // rows read at once while verifying

// A value as the chain sees it. What has become of another type is no text that was ever written.
std::string stored_text(const Value& value) {
  if (const std::int64_t* number = std::get_if<std::int64_t>(&value))
    return std::to_string(*number);
  if (const std::string* text = std::get_if<std::string>(&value)) return *text;
  return "\x01 neither text nor number";
}

Link link_of(const Values& values) {
  Link link;
  link.number = number_of(values.at(0));
  link.fields = fields_of(Run{}, 0);
  CHECK(link.fields.size() == covered, "the table has a column for every field");
  for (std::size_t i = 0; i < covered; ++i) link.fields[i].second = stored_text(values.at(i));
  link.previous = stored_text(values.at(covered));
  link.hash = stored_text(values.at(covered + 1));
  link.field_digests = stored_text(values.at(covered + 2));
  return link;
}

Row row_of(const Values& values) {
  const auto text = [&](std::size_t i) { return text_of(values.at(i)); };
  Row row;
  row.number = number_of(values.at(0));
  row.run = {.id = text(1),
             .wall = text(2),
             .scenario = text(3),
             .plan_hash = text(4),
             .outcome = text(6),
             .exit_code = number_of(values.at(7)),
             .learnt = text(8),
             .duration = nanoseconds(number_of(values.at(9))),
             .timeline_path = text(10),
             .timeline_sha256 = text(11),
             .verdict = text(12),
             .plan = text(13),
             .host = text(14)};
  const std::string seed = text(5);
  std::from_chars(seed.data(), seed.data() + seed.size(), row.run.seed);
  row.previous = text(covered);
  row.hash = text(covered + 1);
  return row;
}

Values values_of(const Run& run, const Link& link) {
  Values values;
  for (const auto& [name, text] : link.fields) values.emplace_back(text);
  values[0] = link.number;
  values[7] = run.exit_code;
  values[9] = run.duration.nanoseconds;
  values.emplace_back(link.previous);
  values.emplace_back(link.hash);
  values.emplace_back(link.field_digests);
  return values;
}

std::optional<Damage> timeline_damage(const Row& row) {
  if (row.run.timeline_path.empty()) return std::nullopt;
  const Result<std::string> digest = sys::file_sha256(row.run.timeline_path);
  if (digest.ok() && *digest == row.run.timeline_sha256) return std::nullopt;
  const std::string path = printable(row.run.timeline_path);
  std::string why = digest.ok() ? "was changed" : "cannot be read: " + digest.error().render();
  if (!digest.ok() && digest.error().code == Code::not_found) why = "is missing";
  return Damage{row.number, printable(row.run.id), "timeline",
                fmt::format("row {}: its timeline {} {}", row.number, path, why)};
}

class SqlLedger final : public Ledger {
 public:
  SqlLedger(std::unique_ptr<Database> database, std::string name, std::string head_path)
      : database_(std::move(database)), name_(std::move(name)), head_path_(std::move(head_path)) {}

  Result<Row> append(const Run& run) override {
    TRY_VOID(check_run(run));
    const std::string doing = fmt::format("recording the run {}", printable(run.id));
    Transaction transaction = TRY(Transaction::begin(*database_), doing);
    const Head last = TRY(last_row(), doing);
    TRY_VOID(catch_up(last), doing);
    const Link link = chained(fields_of(run, last.count + 1), last.count + 1, last.hash);
    TRY_VOID(database_->run(insert_text(), values_of(run, link)), doing);
    TRY_VOID(transaction.commit(), doing);
    // The run is recorded. A head that could not be written lags, and the next append catches up.
    static_cast<void>(write_head());
    return Row{link.number, run, link.previous, link.hash};
  }

  Result<std::vector<Row>> list(std::size_t limit) override {
    const std::vector<Values> found =
        TRY(database_->run(select_text("order by number desc limit $1"),
                           {static_cast<std::int64_t>(limit)}),
            "listing the runs");
    std::vector<Row> rows;
    for (const Values& values : found) rows.push_back(row_of(values));
    return rows;
  }

  Result<Row> find(std::string_view id) override {
    if (id == "last") {
      const std::vector<Row> newest = TRY(list(1));
      if (!newest.empty()) return newest.front();
      return error(Code::not_found, fmt::format("the ledger {} holds no run yet", name_));
    }
    if (id.empty()) return error(Code::invalid, "no run is named", "name one, or say \"last\"");
    // The run of just this id comes first, whatever other ids begin with it.
    const std::vector<Values> found =
        TRY(database_->run(select_text("where substr(id, 1, length(cast($1 as text))) = cast($1 as "
                                       "text) order by length(id), number desc limit 6"),
                           {std::string(id)}),
            "looking for a run");
    if (found.empty()) {
      return error(Code::not_found,
                   fmt::format("the ledger {} holds no run \"{}\"", name_, printable(id)),
                   "list them: squall runs");
    }
    if (found.size() == 1 || text_of(found[0].at(1)) == id) return row_of(found[0]);
    std::vector<std::string> ids;
    for (const Values& values : found) ids.push_back(printable(text_of(values.at(1))));
    return error(Code::invalid, fmt::format("several runs begin with \"{}\"", printable(id)),
                 "name one of them: " + list_words(ids, "or"));
  }

  Result<Verification> verify() override {
    Verification verification;
    const Result<Head> head = read_head();
    ChainCheck chain(head.ok() ? *head : Head{});
    while (!verification.damage) {
      const Result<std::vector<Values>> read = read_page(verification.rows, page);
      if (!read.ok() && !database_->found_damage()) return read.error();
      if (!read.ok()) {
        verification.damage = unreadable_row(chain, read.error());
        break;
      }
      const std::vector<Values>& found = *read;
      for (const Values& values : found) {
        verification.damage = chain.add(link_of(values));
        if (!verification.damage) verification.damage = timeline_damage(row_of(values));
        if (verification.damage) break;
        verification.rows = chain.rows();
      }
      if (found.size() < page) break;
    }
    if (!verification.damage) verification.damage = TRY(damage_beyond_rows(chain, head));
    if (head.ok() && !verification.damage && head->count < verification.rows) {
      verification.notes.push_back(
          fmt::format("the head record knows {} of {} rows: a writer died before it was written",
                      head->count, verification.rows));
    }
    return verification;
  }

 private:
  static std::string select_text(std::string_view rest) {
    return fmt::format("select {} from run {}", columns, rest);
  }

  Result<std::vector<Values>> read_page(std::int64_t after, std::size_t count) {
    return TRY(database_->run(select_text("where number > $1 order by number limit $2"),
                              {after, static_cast<std::int64_t>(count)}),
               "verifying the ledger");
  }

  // A page could not be read: goes on row by row up to the one that breaks it.
  Damage unreadable_row(ChainCheck& chain, const Error& problem) {
    while (true) {
      const Result<std::vector<Values>> row = read_page(chain.rows(), 1);
      if (!row.ok() || row->empty()) break;
      if (std::optional<Damage> damage = chain.add(link_of(row->front()))) return *damage;
    }
    return Damage{chain.rows() + 1, "", "row",
                  fmt::format("row {} cannot be read: {}", chain.rows() + 1, problem.render())};
  }

  static std::string insert_text() {
    std::string places;
    for (std::size_t i = 1; i <= covered + 3; ++i)
      places += fmt::format("{}${}", i == 1 ? "" : ", ", i);
    return fmt::format("insert into run ({}) values ({})", columns, places);
  }

  static Status check_run(const Run& run) {
    if (run.id.empty() || run.id == "last") {
      return error(Code::invalid, fmt::format("\"{}\" cannot be the id of a run", run.id));
    }
    for (const auto& [name, text] : fields_of(run, 0)) {
      if (is_valid_utf8(text)) continue;
      return error(Code::invalid, fmt::format("the field {} of a run is not UTF-8", name));
    }
    return ok();
  }

  Result<Head> last_row() {
    const std::vector<Values> rows =
        TRY(database_->run("select number, hash from run order by number desc limit 1"));
    if (rows.empty()) return Head{};
    return Head{number_of(rows[0].at(0)), text_of(rows[0].at(1))};
  }

  // Missing reads as the head of an empty ledger.
  Result<Head> read_head() const {
    const Result<std::string> text = sys::read_file(head_path_, 4096);
    if (!text.ok() && text.error().code == Code::not_found) return Head{};
    if (!text.ok()) return text.error();
    return parse_head(*text);
  }

  Status write_head() {
    const Transaction lock = TRY(Transaction::begin(*database_));
    const Head last = TRY(last_row());
    return sys::write_file_durably(head_path_, render(last));
  }

  Error broken(std::string why) const {
    return error(Code::conflict, fmt::format("the ledger {} is damaged: {}", name_, why),
                 "look with: squall ledger verify; then move the ledger and its .head file aside, "
                 "and a new one is begun");
  }

  // Refuses to go on over a cut tail: the next head record would cover it up.
  Status catch_up(const Head& last) {
    const Result<Head> head = read_head();
    if (!head.ok()) return broken(head.error().render());
    if (head->count > last.count) {
      return broken(
          fmt::format("its head record knows {} rows, there are {}", head->count, last.count));
    }
    if (head->count == 0 && last.count > 1) return broken("its head record is missing");
    if (head->count > 0) {
      const std::vector<Values> rows =
          TRY(database_->run("select hash from run where number = $1", {head->count}));
      if (rows.empty() || text_of(rows[0].at(0)) != head->hash) {
        return broken(fmt::format("row {} is not the one that its head record knows", head->count));
      }
    }
    if (head->count == last.count) return ok();
    return sys::write_file_durably(head_path_, render(last));
  }

  // What the rows alone do not show: a cut tail, a bad head record, a damaged file.
  Result<std::optional<Damage>> damage_beyond_rows(const ChainCheck& chain,
                                                   const Result<Head>& head) {
    if (!head.ok()) return std::optional(Damage{0, "", "head", head.error().render()});
    if (head->count == 0 && chain.rows() > 1) {
      return std::optional(Damage{0, "", "head", "the head record " + head_path_ + " is missing"});
    }
    if (std::optional<Damage> cut = chain.finish()) return cut;
    const Result<std::vector<std::string>> findings = database_->check_files();
    if (!findings.ok() && !database_->found_damage()) return findings.error();
    if (findings.ok() && findings->empty()) return std::optional<Damage>();
    return std::optional(
        Damage{0, "", "file",
               fmt::format("the file {}: {}", name_,
                           findings.ok() ? findings->front() : findings.error().render())});
  }

  std::unique_ptr<Database> database_;
  std::string name_;
  std::string head_path_;
};

}  // namespace

Result<std::unique_ptr<Ledger>> open_over(std::unique_ptr<Database> database, std::string name,
                                          std::string head_path) {
  TRY_VOID(migrate(*database), "opening the ledger " + name);
  return std::make_unique<SqlLedger>(std::move(database), std::move(name), std::move(head_path));
}

Result<std::unique_ptr<Ledger>> open_sqlite_for_reading(const std::string& path,
                                                        const Options& options) {
  std::unique_ptr<Database> database =
      TRY(open_sqlite_database_for_reading(path, options.lock_wait));
  TRY_VOID(check_version(*database), "opening the ledger " + path);
  return std::make_unique<SqlLedger>(std::move(database), path, path + ".head");
}

Result<Verification> verify_sqlite(const std::string& path, const Options& options) {
  const std::string head_path = path + ".head";
  const auto damaged = [&](std::string message) {
    return Verification{.damage = Damage{1, "", "row", std::move(message)}};
  };
  if (!sys::exists(path)) {
    if (!sys::exists(head_path)) {
      return error(Code::not_found, fmt::format("there is no ledger {}", path));
    }
    const Result<std::string> text = sys::read_file(head_path, 4096);
    const Result<Head> head = text.ok() ? parse_head(*text) : Result<Head>(text.error());
    const std::string known =
        head.ok() ? fmt::format("knows {} row{}", head->count, head->count == 1 ? "" : "s")
                  : "is left";
    return damaged(fmt::format("the ledger {} is missing; its head record {}", path, known));
  }
  std::unique_ptr<Database> database =
      TRY(open_sqlite_database_for_reading(path, options.lock_wait));
  const Status known = check_version(*database);
  // Whatever else SQLite says of these statements, the tables are not those that were written.
  const bool is_foreign = !known.ok() && known.error().code == Code::failed;
  if (!known.ok() && (database->found_damage() || is_foreign)) {
    return damaged("no row can be read: " + known.error().render());
  }
  if (!known.ok()) return known.error();
  return SqlLedger(std::move(database), path, head_path).verify();
}

Result<std::unique_ptr<Ledger>> open_sqlite(const std::string& path, const Options& options) {
  std::unique_ptr<Database> database = TRY(open_sqlite_database(path, options.lock_wait));
  return open_over(std::move(database), path, path + ".head");
}

}  // namespace squall::ledger
