#include "cli/style.h"

#include <cstdlib>

#include <fcntl.h>
#include <gtest/gtest.h>

#include "sys/fd.h"

namespace squall::cli {
namespace {

TEST(KnownTerminal, IsOneOfTheCommonFamilies) {
  for (const char* name : {"xterm", "xterm-256color", "screen.xterm", "tmux-256color", "linux",
                           "vt100", "rxvt-unicode"}) {
    EXPECT_TRUE(is_known_terminal(name)) << name;
  }
  for (const char* name : {"", "dumb", "unknown", "nosuchterm", "../etc/passwd", "x/y"}) {
    EXPECT_FALSE(is_known_terminal(name)) << name;
  }
}

// A real terminal, of which only TERM says what it can do.
TEST(LookAtOutput, SeesNoTerminalWhereNobodyKnowsWhatItCanDo) {
  const sys::Fd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!master.valid() || ::grantpt(master.get()) != 0 || ::unlockpt(master.get()) != 0) {
    GTEST_SKIP() << "no pseudo terminals here";
  }
  const sys::Fd terminal(::open(::ptsname(master.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
  ASSERT_TRUE(terminal.valid());
  const char* before = std::getenv("TERM");
  const std::string kept = before == nullptr ? "" : before;
  ::setenv("TERM", "xterm", 1);
  EXPECT_TRUE(look_at_output(terminal.get()).is_terminal);
  for (const char* name : {"", "dumb", "nosuchterm"}) {
    ::setenv("TERM", name, 1);
    EXPECT_FALSE(look_at_output(terminal.get()).is_terminal) << name;
    EXPECT_FALSE(look_at_output(terminal.get()).has_colour) << name;
  }
  ::unsetenv("TERM");
  EXPECT_FALSE(look_at_output(terminal.get()).is_terminal);
  before == nullptr ? ::unsetenv("TERM") : ::setenv("TERM", kept.c_str(), 1);
}

}  // namespace
}  // namespace squall::cli
