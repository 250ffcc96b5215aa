#include "cli/console.h"

#include <cerrno>

#include <poll.h>
#include <unistd.h>

#include "core/text.h"

namespace squall::cli {
namespace {

// 0, or the errno of what could not be written.
int write_out(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) {  // a pipe that somebody made non-blocking is full
      pollfd entry{fd, POLLOUT, 0};
      if (::poll(&entry, 1, -1) < 0 && errno != EINTR) return errno;
      continue;
    }
    if (count < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return 0;
}

// Errors may carry several lines, such as one for each change that could not be undone.
std::string printable_lines(std::string_view text) {
  std::string shown;
  for (const std::string& line : split(text, '\n')) {
    if (!shown.empty()) shown += '\n';
    shown += printable(line);
  }
  return std::string(trim(shown));
}

}  // namespace

int exit_code(const Error& problem) {
  switch (problem.code) {
    case Code::invalid:
    case Code::not_found:
      return exit_wrong_use;
    case Code::refused:
    case Code::unsupported:
      return exit_unsupported;
    case Code::timed_out:
    case Code::conflict:
    case Code::failed:
      break;
  }
  return exit_aborted;
}

Console::Console(int output, int errors)
    : output_(output),
      errors_(errors),
      style_(look_at_output(output)),
      error_style_(look_at_output(errors)) {}

void Console::print(std::string_view text) const {
  const int problem = write_out(output_, text);
  int none = 0;
  if (problem != 0 && problem != EPIPE) output_problem_.compare_exchange_strong(none, problem);
}

void Console::print_error(std::string_view text) const {
  write_out(errors_, text);
}

void Console::print_line(std::string_view line) const {
  print(std::string(line) + "\n");
}

void Console::print_json(const json::value& value) const {
  print_line(compact_json(value));
}

std::string render_complaint(const Error& problem, const Style& style) {
  std::string text =
      paint(style, Colour::bad, "squall: ") + printable_lines(problem.render()) + "\n";
  if (!problem.next.empty()) {
    text += paint(style, Colour::accent, "  next: ") + printable_lines(problem.next) + "\n";
  }
  return text;
}

int Console::complain(const Error& problem) const {
  print_error(render_complaint(problem, error_style_));
  return exit_code(problem);
}

int Console::finish(int code) const {
  const int problem = output_problem_;
  if (problem == 0) return code;
  complain(errno_error(problem, "the answer could not be written to the standard output")
               .advise("make room there, or send it elsewhere, and ask again"));
  return code == exit_held ? exit_aborted : code;
}

}  // namespace squall::cli
