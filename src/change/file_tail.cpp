// file.tail: a log has lines at its end that no program of the target wrote.
//
// The holder appends them (O_APPEND, whole lines), all at once or at a rate. Held, because a writer
// ends with its process; but the lines stay, so the undo cuts them off again. What is ours needs no
// record beyond the length before: every line follows from its number (log_lines.h), so the undo
// writes them anew in memory and compares. They are cut off only where they reach from their first
// byte to the end of the file without a byte of anybody else's in between or behind. Else the whole
// file is left as it is and reported: who appends to a log in use cannot take it back.
//
// Between that look and the cut lies a gap of some microseconds. A line which a program appends
// just then is cut off too, and nothing that Linux offers closes the gap while the program has the
// file open.
//
// With `keep` the lines are meant to stay, which a scenario must accept in writing.
#include <cerrno>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include "change/kept.h"
#include "change/log_lines.h"
#include "change/log_writer.h"
#include "change/typed.h"
#include "core/text.h"
#include "sys/file.h"
#include "sys/file_identity.h"
#include "sys/place.h"

namespace squall::change {
namespace {

struct FileTail {
  std::string path;
  std::vector<std::string> lines;
  std::string tag;
  std::int64_t seed = 0;
  std::int64_t count = 1;
  Bytes size;
  Rate rate;
  bool keep = false;
};

constexpr std::uint64_t total_max = 64ULL << 20;

const param::Table<FileTail> table{{
    param::field("path", &FileTail::path, {.about = "The log.", .required = true}),
    param::field("lines", &FileTail::lines,
                 {.about = "The texts of the lines, taken in turn.", .required = true}),
    param::field("tag", &FileTail::tag, {.about = "What ends every line.", .required = true}),
    param::field("seed", &FileTail::seed, {.about = "What {random} follows from."}),
    param::field("count", &FileTail::count,
                 {.about = "How many lines.", .min = 1, .max = 1'000'000}),
    param::field("size", &FileTail::size, {.about = "Of every line; 0 B: as it comes."}),
    param::field("rate", &FileTail::rate, {.about = "Lines in a time; 0 /s: all at once."}),
    param::field("keep", &FileTail::keep, {.about = "Whether the lines stay."}),
}};

LogLines lines_of(const FileTail& params) {
  return {params.lines, params.tag, params.size, params.seed};
}

// About; lines whose size is not given differ by some digits.
Result<Bytes> total_size(const FileTail& params) {
  if (params.lines.empty() || params.tag.size() < 8) {
    return error(Code::invalid, "there must be lines, and a tag of at least 8 bytes");
  }
  const std::size_t one =
      std::max(lines_of(params).line(0).size(), lines_of(params).line(params.count - 1).size());
  const Bytes total{one * static_cast<std::uint64_t>(params.count)};
  if (total.count <= total_max) return total;
  return error(Code::invalid,
               fmt::format("{} lines of about {} are more than {} together", params.count,
                           render(Bytes{one}), render(Bytes{total_max})),
               "ask for fewer or shorter lines");
}

Result<Footprint> footprint(const FileTail& params) {
  const std::string path = TRY(sys::real_path(params.path));
  const Bytes total = TRY(total_size(params));
  const sys::Fd fd = TRY(sys::open_sole_file(TRY(sys::open_place(path)), O_WRONLY | O_APPEND));
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return errno_error(errno, "looking at " + printable(path));
  Footprint made{
      .paths = {path},
      .resources = {"path " + path, fmt::format("file {}:{}", status.st_dev, status.st_ino)}};
  made.demand.disk = {{.path = path, .space = total}};
  return made;
}

// How much of the disk is still to come.
Demand outstanding(const FileTail& params, const json::object& before) {
  struct stat status {};
  const Result<Bytes> total = total_size(params);
  if (!total.ok() || ::stat(text_at(before, "path").c_str(), &status) != 0) return {};
  const std::int64_t written = status.st_size - integer_at(before, "length");
  const auto left = static_cast<std::int64_t>(total->count) - std::max<std::int64_t>(written, 0);
  if (left <= 0) return {};
  return {.disk = {{.path = text_at(before, "path"), .space = Bytes{std::uint64_t(left)}}}};
}

Result<json::object> capture(const FileTail& params) {
  const std::string path = TRY(sys::real_path(params.path));
  const sys::Fd fd = TRY(sys::open_sole_file(TRY(sys::open_place(path)), O_RDONLY));
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return errno_error(errno, "looking at " + printable(path));
  return json::object{{"path", path},
                      {"file", TRY(sys::file_identity(fd))},
                      {"length", static_cast<std::int64_t>(status.st_size)}};
}

// The recorded file at its path, whatever other names it got. Code::conflict when another one is
// there.
Result<sys::Fd> open_recorded(const json::object& before, int flags) {
  const std::string path = text_at(before, "path");
  const sys::Place place = TRY(sys::open_place(path));
  sys::Fd fd = TRY(sys::open_at(place, place.name, flags));
  if (TRY(sys::file_identity(fd)) == text_at(before, "file")) return fd;
  return error(Code::conflict, path + " is another file now, as after a rotation of the log");
}

Result<std::unique_ptr<Held>> hold(const FileTail& params, const json::object& before) {
  sys::Fd fd = TRY(open_recorded(before, O_WRONLY | O_APPEND));
  return LogWriter::start(std::move(fd), lines_of(params), {params.count, params.rate});
}

// What was appended since, whoever did it; empty when the file is shorter now.
struct Appended {
  sys::Fd fd;
  std::uint64_t length_before = 0;
  std::string bytes;
};

Result<Appended> read_appended(const json::object& before, int flags) {
  Appended appended;
  appended.fd = TRY(open_recorded(before, flags));
  appended.length_before = static_cast<std::uint64_t>(integer_at(before, "length"));
  // Others may have written as much as we, and more; beyond that nothing is looked for.
  appended.bytes = TRY(sys::read_at(appended.fd, appended.length_before, 2 * total_max));
  return appended;
}

bool is_holder_alive(const json::object& before) {
  const sys::ProcessId holder{integer_at(before, "holder_pid"),
                              static_cast<std::uint64_t>(integer_at(before, "holder_start"))};
  return holder.pid != 0 && sys::is_alive(holder);
}

Result<Presence> verify(const FileTail& params, const json::object& before) {
  if (params.keep) return is_holder_alive(before) ? Presence::in_force : Presence::absent;
  const Result<Appended> appended = read_appended(before, O_RDONLY);
  if (!appended.ok()) {
    if (appended.error().code == Code::not_found) return Presence::absent;
    if (appended.error().code == Code::conflict) return Presence::foreign;
    return Error(appended.error());
  }
  const OwnTail own = find_own_tail(lines_of(params), params.count, appended->bytes);
  if (own.is_last) return Presence::in_force;
  return own.tags > 0 ? Presence::foreign : Presence::absent;
}

Result<Reverted> revert(const FileTail& params, const json::object& before) {
  const std::string path = text_at(before, "path");
  Result<Appended> found = read_appended(before, O_RDWR);
  if (!found.ok()) return ending_without_place(found.error(), path);
  const Appended appended = std::move(*found);
  const OwnTail own = find_own_tail(lines_of(params), params.count, appended.bytes);
  if (params.keep) {
    return Reverted{Ending::restored, fmt::format("{} lines stay, as was accepted", own.tags)};
  }
  if (!own.is_last && own.tags == 0) {
    return Reverted{Ending::was_absent, "no line of ours is there"};
  }
  struct stat status {};
  if (::fstat(appended.fd.get(), &status) != 0) return errno_error(errno, "looking at " + path);
  const std::uint64_t end = appended.length_before + appended.bytes.size();
  if (!own.is_last || static_cast<std::uint64_t>(status.st_size) != end) {
    return Reverted{Ending::foreign,
                    fmt::format("others wrote to {} meanwhile, so {} lines were left in it; they "
                                "are those that hold {}",
                                path, own.tags, params.tag)};
  }
  const auto length = static_cast<off_t>(appended.length_before + own.begin);
  if (::ftruncate(appended.fd.get(), length) != 0) return errno_error(errno, "shortening " + path);
  if (::fsync(appended.fd.get()) != 0) return errno_error(errno, "syncing " + path);
  return Reverted{Ending::restored, ""};
}

std::string leaves(const FileTail& params) {
  if (!params.keep) return "";
  return fmt::format("the lines in {} stay, because `keep` asks for it", printable(params.path));
}

std::string describe(const FileTail& params) {
  std::string text = fmt::format("append {} lines to {}", params.count, printable(params.path));
  if (params.rate.per_second > 0) text += ", " + render(params.rate);
  return text;
}

std::string undo(const FileTail& params) {
  if (params.keep) return "the lines stay, as the scenario accepts";
  return "cut the lines off again, unless somebody else wrote to the file "
         "meanwhile";
}

}  // namespace

extern const Kind kind_file_tail;
const Kind kind_file_tail = make_kind<FileTail>({
    .name = "file.tail",
    .about = "A log has lines at its end that no program of the target wrote.",
    .keeping = Keeping::held,
    .survives_reboot = true,
    .table = &table,
    .footprint = footprint,
    .capture = capture,
    .hold = hold,
    .verify = verify,
    .revert = revert,
    .outstanding = outstanding,
    .leaves = leaves,
    .describe = describe,
    .undo = undo,
});

}  // namespace squall::change
