// Each line is one write(2) on a descriptor opened for appending, so a killed process leaves whole
// lines and at most one that was cut short. A write that came out short (a full disk) is cut back
// to the last whole line, after which nothing more is written: the run goes on in memory only, long
// enough to end.
#include "engine/timeline.h"

#include <cerrno>
#include <cmath>

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include "core/text.h"
#include "sys/clock.h"
#include "sys/file.h"

namespace squall::engine {
namespace {

constexpr std::size_t largest_timeline = std::size_t{1} << 30;

// Targets answer in any bytes they like, but a JSON file holds UTF-8 and finite numbers alone. What
// is kept in memory must be what the file says.
void make_storable(json::value& value) {
  if (value.is_string()) {
    if (!is_valid_utf8(value.get_string())) value = json::string(printable(value.get_string()));
  } else if (value.is_double()) {
    if (!std::isfinite(value.get_double())) value = nullptr;
  } else if (value.is_array()) {
    for (json::value& item : value.get_array()) make_storable(item);
  } else if (value.is_object()) {
    json::object clean;
    for (auto& [key, member] : value.get_object()) {
      make_storable(member);
      clean[is_valid_utf8(key) ? std::string(key) : printable(key)] = std::move(member);
    }
    value = std::move(clean);
  }
}

Error line_error(const std::string& path, std::size_t line, std::string_view why) {
  return error(Code::invalid, fmt::format("{}:{}: {}", path, line, why),
               "the file was changed after it was written; only a cut last line is expected");
}

Result<Event> read_line(std::string_view text) {
  json::value value = TRY(parse_json(text));
  if (!value.is_object()) return error(Code::invalid, "not a JSON object");
  Event event = std::move(value.get_object());
  if (text_at(event, "event").empty()) return error(Code::invalid, "no \"event\" member");
  const json::value* time = event.if_contains("t_ns");
  if (time == nullptr || !time->is_int64()) {
    return error(Code::invalid, "no \"t_ns\" member that is a whole number");
  }
  return event;
}

}  // namespace

Result<std::unique_ptr<TimelineWriter>> TimelineWriter::create(const std::string& path,
                                                               Observer observer) {
  std::unique_ptr<TimelineWriter> writer(new TimelineWriter);
  if (!path.empty()) {
    writer->file_ = TRY(sys::open_file(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC),
                        "creating the timeline of the run");
  }
  writer->path_ = path;
  writer->observer_ = std::move(observer);
  writer->start_ = sys::monotonic_now();
  return writer;
}

void TimelineWriter::add(std::string_view name, json::object members) {
  json::value whole(json::object{{"t_ns", 0}, {"event", name}});
  Event& event = whole.get_object();
  for (auto& [key, member] : members) {
    if (key != "t_ns" && key != "event") event[key] = std::move(member);
  }
  make_storable(whole);

  std::unique_lock lock(mutex_);
  whole.get_object()["t_ns"] = now_ns();
  events_.push_back(std::move(whole.get_object()));
  write_line(events_.back());
  if (!observer_ || is_delivering_) return;
  is_delivering_ = true;
  while (delivered_ < events_.size()) {
    const Event next = events_[delivered_++];
    lock.unlock();
    observer_(next);
    lock.lock();
  }
  is_delivering_ = false;
}

void TimelineWriter::write_line(const Event& event) {
  if (!file_.valid() || failure_) return;
  const std::string line = compact_json(event) + "\n";
  ssize_t count = -1;
  do {
    count = ::write(file_.get(), line.data(), line.size());
  } while (count < 0 && errno == EINTR);
  if (count == static_cast<ssize_t>(line.size())) {
    written_ += line.size();
    return;
  }
  failure_ = errno_error(count < 0 ? errno : ENOSPC, "writing the timeline " + path_)
                 .advise("make room on that disk; the lines written so far are whole");
  if (count > 0 && ::ftruncate(file_.get(), static_cast<off_t>(written_)) != 0) {
    failure_->next = "make room on that disk; the last line of the timeline is cut short";
  }
}

std::int64_t TimelineWriter::now_ns() const {
  return since_start_ns(sys::monotonic_now());
}

std::int64_t TimelineWriter::since_start_ns(Duration monotonic) const {
  return (monotonic - start_).nanoseconds;
}

std::vector<Event> TimelineWriter::events() const {
  const std::scoped_lock lock(mutex_);
  return events_;
}

std::optional<Error> TimelineWriter::failure() const {
  const std::scoped_lock lock(mutex_);
  return failure_;
}

Result<std::vector<Event>> read_timeline(const std::string& path) {
  const std::string bytes = TRY(sys::read_file(path, largest_timeline), "reading the timeline");
  std::vector<Event> events;
  std::string_view rest = bytes;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::size_t end = rest.find('\n');
    const bool is_cut = end == std::string_view::npos;
    Result<Event> event = read_line(rest.substr(0, end));
    if (event.ok()) {
      events.push_back(std::move(event).value());
    } else if (!is_cut) {
      return line_error(path, number, event.error().message);
    }
    if (is_cut) break;
    rest.remove_prefix(end + 1);
  }
  return events;
}

}  // namespace squall::engine
