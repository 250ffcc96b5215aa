#include "change/journal.h"

#include <cerrno>
#include <charconv>
#include <map>
#include <optional>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/digest.h"
#include "core/text.h"
#include "sys/clock.h"
#include "sys/file.h"

namespace squall::change {
namespace {

constexpr std::size_t crc_digits = 8;
constexpr std::size_t largest_journal = 256 << 20;
constexpr std::uint64_t reserve_bytes = 256 << 10;  // padding made at once
constexpr std::uint64_t reserve_ahead = 64 << 10;   // padding that must stand behind a begin

std::string first_path(const std::string& folder) {
  return folder + "/journal";
}
std::string second_path(const std::string& folder) {
  return folder + "/journal.copy";
}

struct Line {
  std::uint64_t number = 0;
  std::string text;  // without the newline
  std::string previous_hash;
  Record record;
};

std::optional<Line> parse_line(std::string_view text) {
  if (text.size() < crc_digits + 2 || text[crc_digits] != ' ') return std::nullopt;
  std::uint32_t crc = 0;
  auto [rest, code] = std::from_chars(text.data(), text.data() + crc_digits, crc, 16);
  if (code != std::errc() || rest != text.data() + crc_digits) return std::nullopt;
  const std::string_view body = text.substr(crc_digits + 1);
  if (crc32c(body) != crc) return std::nullopt;
  const Result<json::value> value = parse_json(body);
  if (!value.ok() || !value->is_object()) return std::nullopt;
  Line line;
  line.text = text;
  line.record.body = value->get_object();
  json::object& members = line.record.body;
  const std::int64_t number = integer_at(members, "n", -1);
  if (number < 0) return std::nullopt;
  line.number = static_cast<std::uint64_t>(number);
  line.previous_hash = text_at(members, "prev");
  line.record.number = line.number;
  line.record.type = text_at(members, "type");
  line.record.boot = text_at(members, "boot");
  for (const std::string_view key : {"n", "prev", "type", "boot"}) members.erase(key);
  return line;
}

// The sound lines of one copy by number, and the place of the first byte that is not part of one.
std::map<std::uint64_t, Line> parse_copy(std::string_view text) {
  std::map<std::uint64_t, Line> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) break;  // a record counts only with its newline
    if (std::optional<Line> line = parse_line(text.substr(0, end))) {
      lines.emplace(line->number, std::move(*line));
    }
    text.remove_prefix(end + 1);
  }
  return lines;
}

Result<std::string> read_copy(const std::string& path) {
  if (!sys::exists(path)) return std::string();
  return sys::read_file(path, largest_journal);
}

// Keeps a damaged copy for a person to look at.
void set_aside(const std::string& path) {
  const std::string aside = fmt::format("{}.damaged-{}", path, sys::wall_nanoseconds());
  if (::link(path.c_str(), aside.c_str()) != 0)
    return;  // a copy for people only; not worth failing
}

std::string_view without_padding(std::string_view text) {
  const std::size_t last = text.find_last_not_of('\n');
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

}  // namespace

JournalContent merge_journal(std::string_view first, std::string_view second) {
  JournalContent content;
  std::map<std::uint64_t, Line> lines = parse_copy(first);
  for (auto& [number, line] : parse_copy(second)) lines.emplace(number, line);
  std::optional<std::uint64_t> expected;
  for (auto& [number, line] : lines) {
    if (expected && number != *expected) {
      content.notes.push_back(fmt::format("journal records {} to {} are missing in both copies",
                                          *expected, number - 1));
    } else if (expected && line.previous_hash != content.last_hash) {
      content.notes.push_back(fmt::format(
          "journal record {} does not follow the one before it: its chain is broken", number));
    }
    content.text += line.text;
    content.text += '\n';
    content.last_hash = sha256_hex(line.text);
    content.records.push_back(std::move(line.record));
    expected = number + 1;
  }
  for (const auto& [name, text] :
       {std::pair("journal", first), std::pair("journal.copy", second)}) {
    if (without_padding(text) == without_padding(content.text)) continue;
    content.copies_are_sound = false;
    content.notes.push_back(
        fmt::format("{} was cut or damaged ({} bytes, {} are sound); the other copy "
                    "fills the gap",
                    name, without_padding(text).size(), without_padding(content.text).size()));
  }
  return content;
}

Result<JournalContent> read_journal(const std::string& folder) {
  const std::string first = TRY(read_copy(first_path(folder)));
  const std::string second = TRY(read_copy(second_path(folder)));
  return merge_journal(first, second);
}

Result<Journal::Opened> Journal::open(const std::string& folder) {
  Opened opened;
  opened.content = TRY(read_journal(folder), "reading the journal");
  Journal& journal = opened.journal;
  if (!opened.content.copies_are_sound) {
    for (const std::string& path : {first_path(folder), second_path(folder)}) {
      const Result<std::string> text = read_copy(path);
      if (text.ok() && without_padding(*text) == without_padding(opened.content.text)) continue;
      set_aside(path);
      TRY_VOID(sys::write_file_durably(path, opened.content.text), "repairing the journal");
    }
  }
  journal.folder_ = folder;
  journal.boot_ = sys::boot_id();
  journal.last_hash_ = opened.content.last_hash;
  journal.size_ = opened.content.text.size();
  if (!opened.content.records.empty()) {
    journal.next_number_ = opened.content.records.back().number + 1;
  }
  TRY_VOID(journal.open_copies(), "opening the journal");
  return opened;
}

// A full disk is no reason to fail here: undoing needs to read, and the padding may be there
// already.
Status Journal::open_copies() {
  for (auto& [copy, path] : {std::pair<Copy&, std::string>(first_, first_path(folder_)),
                             std::pair<Copy&, std::string>(second_, second_path(folder_))}) {
    copy.fd = TRY(sys::open_file(path, O_WRONLY | O_CREAT, 0600));
    struct stat status {};
    if (::fstat(copy.fd.get(), &status) != 0) return errno_error(errno, "looking at " + path);
    copy.padded_to = static_cast<std::uint64_t>(status.st_size);
    static_cast<void>(pad(copy, size_ + reserve_bytes).ok());
  }
  return sys::sync_folder(folder_);
}

Status Journal::pad(Copy& copy, std::uint64_t until) {
  if (copy.padded_to >= until) return ok();
  const std::string padding(until - copy.padded_to, '\n');
  Status padded = sys::write_at(copy.fd, copy.padded_to, padding);
  if (padded.ok() && ::fsync(copy.fd.get()) != 0) padded = errno_error(errno, "syncing");
  if (!padded.ok()) {
    // What was written of the padding is padding as well; only its length is uncertain.
    return std::move(padded).error().while_doing("reserving room for the records of an undo");
  }
  copy.padded_to = until;
  return ok();
}

Status Journal::write(Copy& copy, std::uint64_t offset, std::string_view line,
                      Durability durability) {
  Status written = sys::write_at(copy.fd, offset, line);
  if (written.ok() && durability == Durability::synced && ::fdatasync(copy.fd.get()) != 0) {
    written = errno_error(errno, "syncing");
  }
  if (!written.ok()) {
    const std::string padding(line.size(), '\n');
    static_cast<void>(sys::write_at(copy.fd, offset, padding).ok());
  }
  return written;
}

Status Journal::append(std::string_view type, json::object body, Durability durability) {
  body["n"] = next_number_;
  body["prev"] = last_hash_;
  body["boot"] = boot_;
  body["type"] = type;
  const std::string text = canonical_json(body);
  const std::string record = fmt::format("{:08x} {}", crc32c(text), text);
  const std::string line = record + "\n";
  // Before anything is promised there must be room for what its undo will write.
  const std::uint64_t needed = size_ + line.size() + (type == "begin" ? reserve_ahead : 0);
  for (Copy* copy : {&first_, &second_}) {
    if (copy->padded_to >= needed) continue;
    TRY_VOID(pad(*copy, size_ + line.size() + reserve_bytes), "writing the journal");
  }
  TRY_VOID(write(first_, size_, line, durability), "writing the journal");
  const Status copied = write(second_, size_, line, durability);
  if (!copied.ok()) {
    // One copy alone would be enough to undo, but the caller is told that nothing is left of it.
    const std::string padding(line.size(), '\n');
    TRY_VOID(sys::write_at(first_.fd, size_, padding), "taking a journal record back");
    return Error(copied.error()).while_doing("writing the copy of the journal");
  }
  size_ += line.size();
  last_hash_ = sha256_hex(record);
  ++next_number_;
  return ok();
}

Status Journal::compact() {
  json::object body{
      {"n", next_number_}, {"prev", last_hash_}, {"boot", boot_}, {"type", "checkpoint"}};
  const std::string text = canonical_json(body);
  const std::string line = fmt::format("{:08x} {}", crc32c(text), text);
  TRY_VOID(sys::write_file_durably(first_path(folder_), line + "\n"), "compacting the journal");
  TRY_VOID(sys::write_file_durably(second_path(folder_), line + "\n"), "compacting the journal");
  size_ = line.size() + 1;
  last_hash_ = sha256_hex(line);
  ++next_number_;
  return open_copies();
}

}  // namespace squall::change
