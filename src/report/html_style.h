// The style sheet of the HTML report.
#pragma once

#include <string_view>

namespace squall::report {

std::string_view html_style();

}  // namespace squall::report
