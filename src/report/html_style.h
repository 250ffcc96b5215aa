// The style sheet of the HTML report.
#pragma once

#include <string>

namespace squall::report {

std::string html_style();

}  // namespace squall::report
