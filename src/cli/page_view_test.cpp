#include "cli/page_view.h"

#include <gtest/gtest.h>

#include "faults/fault.h"
#include "faults/page.h"

namespace squall::cli {
namespace {

constexpr std::string_view page =
    "<!-- Generated; change it there. -->\n"
    "# network.rain\n"
    "\n"
    "It rains. See [`network.block`](network.block.md), which is **dry** and goes on so long that "
    "the line is broken.\n"
    "\n"
    "## Parameters\n"
    "\n"
    "| name | meaning |\n"
    "|---|---|\n"
    "| `drop` | `a` \\| `b` |\n"
    "\n"
    "- one\n"
    "- two\n"
    "\n"
    "```yaml\n"
    "faults:\n"
    "  - network.rain: {}  # `as it is`\n"
    "```\n";

TEST(PageView, ShowsMarkdownAsPlainText) {
  EXPECT_EQ(render_page(page, {.width = 60}),
            "network.rain\n"
            "============\n"
            "\n"
            "It rains. See network.block, which is dry and goes on so\n"
            "long that the line is broken.\n"
            "\n"
            "Parameters\n"
            "----------\n"
            "\n"
            "name  meaning\n"
            "drop  a | b\n"
            "\n"
            "- one\n"
            "- two\n"
            "\n"
            "    faults:\n"
            "      - network.rain: {}  # `as it is`\n");
}

TEST(PageView, ShowsHeadingsByColoursWhereThereAreSome) {
  const std::string text = render_page("# A\n\n## B\n", {.has_colour = true});
  EXPECT_EQ(text, "\x1b[36mA\x1b[0m\n\n\x1b[1mB\x1b[0m\n");
}

TEST(PageView, ShowsThePageOfEveryFaultWithoutMarkupAndWithinTheWidth) {
  for (const fault::Kind* kind : fault::catalogue()) {
    const std::string text = render_page(fault::page(*kind), {.width = 80});
    EXPECT_TRUE(text.starts_with(std::string(kind->name) + "\n=")) << text;
    EXPECT_EQ(text.find("|---"), std::string::npos) << text;
    EXPECT_EQ(text.find("\n#"), std::string::npos) << text;
    EXPECT_EQ(text.find("```"), std::string::npos) << text;
    EXPECT_NE(text.find("    faults:\n"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace squall::cli
