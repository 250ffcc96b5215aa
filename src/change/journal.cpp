#include "change/journal.h"

#include <cerrno>
#include <charconv>
#include <map>
#include <optional>

#include <fcntl.h>
#include <fmt/core.h>

#include "core/digest.h"
#include "core/text.h"
#include "sys/clock.h"
#include "sys/file.h"

namespace squall::change {
namespace {

constexpr std::size_t crc_digits = 8;
constexpr std::size_t largest_journal = 256 << 20;
// Reserved ahead of the end, so that the records of an undo still fit when the disk has filled up.
constexpr std::uint64_t reserve_bytes = 256 << 10;

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

Result<sys::Fd> open_copy(const std::string& path) {
  return sys::open_file(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
}

Status append_to(const sys::Fd& fd, std::uint64_t size, std::string_view line) {
  Status written = sys::write_all(fd, line);
  if (written.ok() && ::fdatasync(fd.get()) != 0) written = errno_error(errno, "syncing");
  if (!written.ok() && ::ftruncate(fd.get(), static_cast<off_t>(size)) != 0) {
    return std::move(written).error().while_doing(
        "appending; taking the torn record back failed too");
  }
  return written;
}

// Makes sure that room for the records of an undo exists before anything is promised.
Status reserve(const sys::Fd& fd, std::uint64_t size) {
  if (::fallocate(fd.get(), FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(size + reserve_bytes)) ==
      0) {
    return ok();
  }
  if (errno == EOPNOTSUPP || errno == ENOSYS) return ok();  // a filesystem without preallocation
  return errno_error(errno, "reserving room for the records of an undo");
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
    if (text == content.text) continue;
    content.copies_are_sound = false;
    content.notes.push_back(
        fmt::format("{} was cut or damaged ({} bytes, {} are sound); the other copy "
                    "fills the gap",
                    name, text.size(), content.text.size()));
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
      if (text.ok() && *text == opened.content.text) continue;
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
  journal.first_ = TRY(open_copy(first_path(folder)), "opening the journal");
  journal.second_ = TRY(open_copy(second_path(folder)), "opening the journal");
  TRY_VOID(sys::sync_folder(folder));
  return opened;
}

Status Journal::append(std::string_view type, json::object body) {
  body["n"] = next_number_;
  body["prev"] = last_hash_;
  body["boot"] = boot_;
  body["type"] = type;
  const std::string text = canonical_json(body);
  const std::string line = fmt::format("{:08x} {}", crc32c(text), text);
  if (type == "begin") {
    TRY_VOID(reserve(first_, size_ + line.size()), "writing the journal");
    TRY_VOID(reserve(second_, size_ + line.size()), "writing the journal");
  }
  TRY_VOID(append_to(first_, size_, line + "\n"), "writing the journal");
  const Status copied = append_to(second_, size_, line + "\n");
  if (!copied.ok()) {
    // The first copy alone is enough to undo; a record in one copy only is still taken back, so
    // that the caller's "nothing is left of it" stays true.
    if (::ftruncate(first_.get(), static_cast<off_t>(size_)) != 0) {
      return errno_error(errno, "taking a journal record back");
    }
    return Error(copied.error()).while_doing("writing the copy of the journal");
  }
  size_ += line.size() + 1;
  last_hash_ = sha256_hex(line);
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
  first_ = TRY(open_copy(first_path(folder_)));
  second_ = TRY(open_copy(second_path(folder_)));
  size_ = line.size() + 1;
  last_hash_ = sha256_hex(line);
  ++next_number_;
  return ok();
}

}  // namespace squall::change
