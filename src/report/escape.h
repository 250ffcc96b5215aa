// Escaping of hostile text. Control characters and broken UTF-8 become '?' in each.
#pragma once

#include <string>
#include <string_view>

namespace squall::report {

// For HTML and XML, in text and in quoted attributes.
std::string escape_html(std::string_view text);
// The same for a block of lines, which stay lines.
std::string escape_html_lines(std::string_view text);
// For CommonMark, within a line or a table cell.
std::string escape_markdown(std::string_view text);
// One word of a POSIX shell: as it is when it is plain, otherwise in single quotes.
std::string quote_for_shell(std::string_view text);

}  // namespace squall::report
