#include "cli/page_view.h"

#include <gtest/gtest.h>

#include "core/text.h"
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

TEST(PageView, ShowsATableThatIsTooWideAsEntries) {
  EXPECT_EQ(render_page("| name | type | default | meaning |\n|---|---|---|---|\n"
                        "| drop | a rather long word | | What is dropped on the way. |\n",
                        {.width = 30}),
            "drop\n"
            "    type: a rather long word\n"
            "    What is dropped on the\n"
            "    way.\n");
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
    const std::size_t code = text.find("    faults:\n");
    ASSERT_NE(code, std::string::npos) << text;
    for (const std::string& line : split(text.substr(0, code), '\n')) {
      EXPECT_LE(columns(line), 80U) << line;
    }
  }
}

}  // namespace
}  // namespace squall::cli
