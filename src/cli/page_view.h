// Shows a generated Markdown page (a fault, a probe) in a terminal: headings stand out, tables are
// aligned, paragraphs are wrapped, code stays as it is.
#pragma once

#include <string>
#include <string_view>

#include "cli/style.h"

namespace squall::cli {

// Knows what the generated pages use: comments, headings, paragraphs, lists, tables, fenced code,
// `code`, **bold** and [text](link). Anything else passes through.
std::string render_page(std::string_view markdown, const Style& style);

}  // namespace squall::cli
