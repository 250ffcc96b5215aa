#include "cli/reporting.h"

#include <cerrno>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/text.h"
#include "engine/verdict.h"
#include "report/report.h"
#include "report/summary.h"
#include "sys/file.h"

namespace squall::cli {
namespace {

struct Format {
  std::string_view name;
  std::string (*render)(const report::Timeline& timeline, const engine::Verdict& verdict);
};
constexpr Format formats[] = {
    {"html", report::html},
    {"markdown", report::markdown},
    {"json", report::json_document},
    {"junit", report::junit},
};

}  // namespace

std::string render_summary(const std::vector<engine::Event>& timeline, const Style& style) {
  return report::summary(
      timeline, engine::judge(timeline),
      {.has_colour = style.has_colour, .width = style.is_terminal ? style.width : 0});
}

const std::vector<std::string>& report_formats() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> made;
    for (const Format& format : formats) made.emplace_back(format.name);
    return made;
  }();
  return names;
}

Result<std::string> render_report(std::string_view format,
                                  const std::vector<engine::Event>& timeline) {
  for (const Format& one : formats) {
    if (one.name == format) return one.render(timeline, engine::judge(timeline));
  }
  return error(Code::invalid, fmt::format("there is no report format {}", quote(format)),
               list_words(report_formats(), "or"));
}

Status check_report_place(const std::string& path) {
  const std::string folder = sys::folder_of(path);
  const std::string advice = "name another place: --report FILE";
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) {
    return errno_error(errno, "the folder of the report, " + folder).advise(advice);
  }
  const bool stands = ::stat(path.c_str(), &status) == 0;
  if (path.empty() || path.ends_with('/') || (stands && S_ISDIR(status.st_mode))) {
    return error(Code::invalid, fmt::format("{} cannot be the file of a report", quote(path)),
                 advice);
  }
  if (stands && !S_ISREG(status.st_mode)) return ok();  // written to, and not replaced
  if (::faccessat(AT_FDCWD, folder.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
    return errno_error(errno, fmt::format("the folder {} cannot be written to", folder))
        .advise(advice);
  }
  return ok();
}

Status write_output(const std::string& path, std::string_view text) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return sys::write_file_durably(path, text);
  if (S_ISREG(status.st_mode)) {
    return sys::write_file_durably(TRY(sys::real_path(path)), text, status.st_mode & 07777);
  }
  const sys::Fd fd = TRY(sys::open_file(path, O_WRONLY));
  TRY_VOID(sys::write_all(fd, text), "writing to " + path);
  return ok();
}

Status write_html_report(const std::string& path, const std::vector<engine::Event>& timeline) {
  return write_output(path, report::html(timeline, engine::judge(timeline)));
}

}  // namespace squall::cli
