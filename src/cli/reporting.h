// The reports of a run in every format, for the commands that show one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/style.h"
#include "core/result.h"
#include "engine/timeline.h"

namespace squall::cli {

// What a terminal shows at the end of a run.
std::string render_summary(const std::vector<engine::Event>& timeline, const Style& style);

// html, markdown, json or junit. Code::invalid for another one.
Result<std::string> render_report(std::string_view format,
                                  const std::vector<engine::Event>& timeline);
const std::vector<std::string>& report_formats();

// Whether a report can be written there later, looked at before a run. Touches nothing.
Status check_report_place(const std::string& path);
// A file at `path` is replaced as a whole, whether or not a link leads there, and a new one is
// readable for its owner only; a pipe or a device is written to and stays what it is.
Status write_output(const std::string& path, std::string_view text);
// Writes the HTML report so.
Status write_html_report(const std::string& path, const std::vector<engine::Event>& timeline);

}  // namespace squall::cli
