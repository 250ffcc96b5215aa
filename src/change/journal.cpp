#include "change/journal.h"

#include <algorithm>
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

// One copy: its sound lines by number, and whether anything but padding stands behind the last.
struct ParsedCopy {
  std::map<std::uint64_t, Line> lines;
  bool ends_clean = false;

  std::optional<std::uint64_t> last() const {
    if (lines.empty()) return std::nullopt;
    return lines.rbegin()->first;
  }
};

ParsedCopy parse_copy(std::string_view text) {
  ParsedCopy copy{.ends_clean = !text.empty()};
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end != 0) copy.ends_clean = false;
    if (end == std::string_view::npos) break;  // a record counts only with its newline
    if (std::optional<Line> line = parse_line(text.substr(0, end))) {
      copy.lines.emplace(line->number, std::move(*line));
      copy.ends_clean = true;
    }
    text.remove_prefix(end + 1);
  }
  return copy;
}

// The copies that can be read; one that is not there reads as nothing.
Result<std::optional<std::string>> read_copy(const std::string& path) {
  Result<std::string> text = sys::read_file(path, largest_journal);
  if (text.ok()) return std::optional(std::move(*text));
  if (text.error().code == Code::not_found) return std::optional<std::string>();
  return std::move(text).error();
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

void note_loss(JournalContent& content, std::string note) {
  content.is_whole = false;
  content.notes.push_back(std::move(note));
}

// Takes the lines over, and notes what is missing among them.
void take_lines(JournalContent& content, std::map<std::uint64_t, Line> lines) {
  // The first record ever is number 0; a checkpoint stands for all that were before it.
  std::uint64_t expected = 0;
  if (!lines.empty() && lines.begin()->second.record.type == "checkpoint") {
    expected = lines.begin()->first;
  }
  for (auto& [number, line] : lines) {
    if (number != expected) {
      note_loss(content, fmt::format("journal records {} to {} are missing in both copies",
                                     expected, number - 1));
    } else if (!content.records.empty() && line.previous_hash != content.last_hash) {
      note_loss(content,
                fmt::format("journal record {} does not follow the one before it: its chain is "
                            "broken",
                            number));
    }
    if (line.record.type == "lost") {
      note_loss(content, "the journal lost records: " + text_at(line.record.body, "what"));
    }
    content.text += line.text;
    content.text += '\n';
    content.last_hash = sha256_hex(line.text);
    content.records.push_back(std::move(line.record));
    expected = number + 1;
  }
}

}  // namespace

JournalContent merge_journal(std::string_view first, std::string_view second) {
  JournalContent content;
  const ParsedCopy copies[] = {parse_copy(first), parse_copy(second)};
  std::map<std::uint64_t, Line> lines = copies[0].lines;
  lines.insert(copies[1].lines.begin(), copies[1].lines.end());
  const ParsedCopy all{.lines = lines};
  take_lines(content, std::move(lines));
  const bool has_its_end = std::any_of(
      std::begin(copies), std::end(copies),
      [&](const ParsedCopy& copy) { return copy.ends_clean && copy.last() == all.last(); });
  if (!has_its_end && !(first.empty() && second.empty())) {
    note_loss(content, "the end of the journal is damaged in both copies: what it said is lost");
  }
  for (const auto& [name, text] :
       {std::pair("journal", first), std::pair("journal.copy", second)}) {
    if (without_padding(text) == without_padding(content.text)) continue;
    content.copies_are_sound = false;
    content.notes.push_back(fmt::format("{} was cut or damaged ({} bytes, {} are sound){}", name,
                                        without_padding(text).size(),
                                        without_padding(content.text).size(),
                                        content.is_whole ? "; the other copy fills the gap" : ""));
  }
  return content;
}

Result<JournalContent> read_journal(const std::string& folder) {
  const std::optional<std::string> first = TRY(read_copy(first_path(folder)));
  const std::optional<std::string> second = TRY(read_copy(second_path(folder)));
  JournalContent content = merge_journal(first.value_or(""), second.value_or(""));
  const bool is_new = !first && !second;
  if (!is_new && first.value_or("").empty() && second.value_or("").empty()) {
    note_loss(content, "both copies of the journal are empty, as if they had been cut");
  }
  return content;
}

Result<Journal::Opened> Journal::open(const std::string& folder) {
  Opened opened;
  opened.content = TRY(read_journal(folder), "reading the journal");
  Journal& journal = opened.journal;
  if (!opened.content.copies_are_sound) {
    for (const std::string& path : {first_path(folder), second_path(folder)}) {
      const Result<std::optional<std::string>> text = read_copy(path);
      const std::string held = text.ok() ? text->value_or("") : "";
      if (without_padding(held) == without_padding(opened.content.text)) continue;
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
  TRY_VOID(journal.remember_loss(opened.content), "opening the journal");
  return opened;
}

// A repair leaves two sound copies, in which a lost end would not show any more.
Status Journal::remember_loss(const JournalContent& content) {
  const bool is_known = std::any_of(content.records.begin(), content.records.end(),
                                    [](const Record& record) { return record.type == "lost"; });
  if (content.is_whole || is_known) return ok();
  return append("lost", {{"what", join(content.notes, "; ")}});
}

// A full disk is no reason to fail where there is a journal: undoing needs to read, and the padding
// may be there already.
Status Journal::open_copies() {
  for (auto& [copy, path] : {std::pair<Copy&, std::string>(first_, first_path(folder_)),
                             std::pair<Copy&, std::string>(second_, second_path(folder_))}) {
    if (!sys::exists(path)) {
      // With its padding from the first moment on: a file without a byte was cut.
      TRY_VOID(sys::write_file_durably(path, std::string(size_ + reserve_bytes, '\n')));
    }
    copy.fd = TRY(sys::open_file(path, O_WRONLY, 0600));
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
