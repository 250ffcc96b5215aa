#include "cli/command_line.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "cli/help.h"
#include "core/text.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/test_props.h"

namespace squall::cli {
namespace {

struct Words {
  std::string scenario;
  std::vector<std::string> settings;
  std::optional<std::uint64_t> seed;
  double scale = 1;
  Duration lease;
  std::vector<std::string> rest;
  bool is_dry = false;
};
// What the last executed command was given.
Words taken;
int executed = 0;

int remember(const Words& words, const Context&) {
  taken = words;
  ++executed;
  return 0;
}

Command play_command() {
  return command<Words>(
      {.name = "play", .about = "Plays.", .details = "All day.", .examples = {"squall play x"}},
      {argument("SCENARIO", &Words::scenario, "What to play."),
       optional_argument("REST", &Words::rest, "All the rest."),
       option("--set", "NAME=VALUE", &Words::settings, "Sets one.").or_short("-s"),
       option("--seed", "N", &Words::seed, "A seed."),
       option("--scale", "F", &Words::scale, "A scale."),
       option("--lease", "TIME", &Words::lease, "A time."),
       flag("--dry-run", &Words::is_dry, "Only says so.")},
      remember);
}

// A command with commands of its own that does something itself as well.
Command both_command() {
  Command both = play_command();
  both.name = "both";
  both.other_names = {"b"};
  both.takes_single_dashes = true;
  both.children = {play_command()};
  return both;
}

class CommandLine : public testing::Test {
 protected:
  void SetUp() override {
    taken = {};
    executed = 0;
  }
  int squall(const std::vector<std::string>& words) {
    const sys::Fd out(::open((folder_ / "out").c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600));
    const sys::Fd err(::open((folder_ / "err").c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600));
    const Console console(out.get(), err.get());
    const std::vector<Command> commands = {
        play_command(),
        {.name = "group", .about = "Has children.", .children = {play_command()}},
        both_command()};
    const int code = execute_command_line(words, {console, "1.2.3", commands});
    output = sys::read_file(folder_ / "out").value();
    errors = sys::read_file(folder_ / "err").value();
    return code;
  }

  std::string output;
  std::string errors;

 private:
  sys::ScratchFolder folder_;
};

TEST_F(CommandLine, FillsEveryKindOfValue) {
  ASSERT_EQ(squall({"play", "--seed", "18446744073709551615", "file.yaml", "--set", "a=1",
                    "--set=b=2", "--scale", "0.5", "--lease", "1500ms", "--dry-run"}),
            0)
      << errors;
  EXPECT_EQ(taken.scenario, "file.yaml");
  EXPECT_EQ(taken.settings, (std::vector<std::string>{"a=1", "b=2"}));
  EXPECT_EQ(taken.seed, 18446744073709551615U);
  EXPECT_EQ(taken.scale, 0.5);
  EXPECT_EQ(taken.lease, milliseconds(1500));
  EXPECT_TRUE(taken.is_dry);
}

TEST_F(CommandLine, AnOptionThatRepeatsTakesOneValueEachTime) {
  ASSERT_EQ(squall({"play", "--set", "a=1", "file.yaml", "more", "words"}), 0) << errors;
  EXPECT_EQ(taken.settings, std::vector<std::string>{"a=1"});
  EXPECT_EQ(taken.rest, (std::vector<std::string>{"more", "words"}));
}

TEST_F(CommandLine, TakesWordsThatLookLikeOptionsBehindTwoDashes) {
  ASSERT_EQ(squall({"play", "--", "--seed"}), 0) << errors;
  EXPECT_EQ(taken.scenario, "--seed");
}

TEST_F(CommandLine, FindsCommandsOfCommands) {
  EXPECT_EQ(squall({"group", "play", "x"}), 0) << errors;
  EXPECT_EQ(executed, 1);
}

TEST_F(CommandLine, ACommandWithCommandsMayDoSomethingItself) {
  ASSERT_EQ(squall({"b", "-seed", "7", "--scale=2", "-dry-run", "x"}), 0) << errors;
  EXPECT_EQ(taken.seed, 7U);
  EXPECT_EQ(taken.scenario, "x");
  EXPECT_TRUE(taken.is_dry);
  ASSERT_EQ(squall({"both", "play", "y"}), 0) << errors;
  EXPECT_EQ(taken.scenario, "y");
  EXPECT_EQ(squall({"play", "-dry-run", "x"}), 2) << "only where it is asked for";
}

TEST_F(CommandLine, AnOptionMayHaveAShortName) {
  ASSERT_EQ(squall({"play", "-s", "a=1", "x"}), 0) << errors;
  EXPECT_EQ(taken.settings, std::vector<std::string>{"a=1"});
}

struct Wrong {
  std::vector<std::string> words;
  std::string_view says;
  std::string_view next;
};

TEST_F(CommandLine, RefusesWhatIsWrongAndSaysWhatToDo) {
  const Wrong wrong[] = {
      {{"paly", "x"}, "squall has no command \"paly\"", "did you mean play?"},
      {{"zzzzzz"}, "no command \"zzzzzz\"", "squall --help"},
      {{"group", "paly"}, "squall group has no command \"paly\"", "did you mean play?"},
      {{"group"}, "squall group needs a command of its own", "play"},
      {{"--seed", "play"}, "\"--seed\" stands before the command", "options come after it"},
      {{"play"}, "SCENARIO is missing", "usage: squall play SCENARIO"},
      {{"play", "x", "--sede", "3"}, "squall play has no option --sede", "did you mean --seed?"},
      {{"play", "x", "--seed"}, "--seed", "usage: squall play SCENARIO"},
      {{"play", "x", "--seed", "-3"}, "reading --seed: \"-3\" is not a whole number", "usage"},
      {{"play", "x", "--seed", "7x"}, "reading --seed: \"7x\" is not a whole number", "usage"},
      {{"play", "x", "--seed", "1", "--seed", "2"}, "--seed is given 2 times", "give it once"},
      {{"play", "x", "--scale", "fast"}, "reading --scale: \"fast\" is not a number", "0.1"},
      {{"play", "x", "--lease", "2"}, "reading --lease: the duration \"2\" has no unit", "2 s"},
      {{"play", "x", "--lease", "2 m"}, "could be minutes or milliseconds", "write min or ms"},
      {{"play", "x", "--evil\x1b[2J"}, "no option --evil?[2J", "squall play --help"},
  };
  for (const Wrong& one : wrong) {
    EXPECT_EQ(squall(one.words), 2) << one.says;
    EXPECT_NE(errors.find(one.says), std::string::npos) << errors << "lacks: " << one.says;
    EXPECT_NE(errors.find(one.next), std::string::npos) << errors << "lacks: " << one.next;
    EXPECT_EQ(output, "") << one.says;
  }
  EXPECT_EQ(executed, 0);
}

TEST_F(CommandLine, AsksForHelpInEveryWay) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"play", "--help"}, {"play", "-h"}, {"help", "play"}}) {
    EXPECT_EQ(squall(words), 0);
    EXPECT_TRUE(output.starts_with("usage: squall play SCENARIO [REST]... [options]\n")) << output;
  }
  for (const std::vector<std::string>& words : {std::vector<std::string>{"--help"}, {"help"}}) {
    EXPECT_EQ(squall(words), 0);
    EXPECT_NE(output.find("Has children."), std::string::npos) << output;
  }
  EXPECT_EQ(squall({"group", "--help"}), 0);
  EXPECT_TRUE(output.starts_with("usage: squall group COMMAND\n")) << output;
  EXPECT_EQ(squall({}), 2);
  EXPECT_EQ(output, "");
  EXPECT_NE(errors.find("usage: squall COMMAND"), std::string::npos);
  EXPECT_EQ(executed, 0);
}

TEST_F(CommandLine, SaysItsVersion) {
  EXPECT_EQ(squall({"--version"}), 0);
  EXPECT_EQ(output, "squall 1.2.3\n");
}

TEST(Help, ShowsACommandWithAllThatItTakes) {
  EXPECT_EQ(command_help(play_command(), "squall play", {.width = 60}),
            "usage: squall play SCENARIO [REST]... [options]\n"
            "\n"
            "Plays.\n"
            "\n"
            "All day.\n"
            "\n"
            "Takes\n"
            "  SCENARIO  What to play.\n"
            "  REST      All the rest.\n"
            "\n"
            "Options\n"
            "  -s, --set NAME=VALUE  Sets one.\n"
            "  --seed N              A seed.\n"
            "  --scale F             A scale.\n"
            "  --lease TIME          A time.\n"
            "  --dry-run             Only says so.\n"
            "\n"
            "Examples\n"
            "  squall play x\n");
}

TEST(Complaint, SaysWhatHappenedAndWhatToDoNext) {
  const Error problem =
      error(Code::refused, "no\x1bway\nnor here", "go round").while_doing("going");
  EXPECT_EQ(render_complaint(problem, {}),
            "squall: while going: no?way\nnor here\n  next: go round\n");
  EXPECT_EQ(exit_code(problem), 3);
  EXPECT_EQ(exit_code(error(Code::invalid, "")), 2);
  EXPECT_EQ(exit_code(error(Code::not_found, "")), 2);
  EXPECT_EQ(exit_code(error(Code::unsupported, "")), 3);
  EXPECT_EQ(exit_code(error(Code::conflict, "")), 6);
  EXPECT_EQ(exit_code(error(Code::failed, "")), 6);
  EXPECT_EQ(exit_code(error(Code::timed_out, "")), 6);
}

TEST(Help, FitsANarrowTerminal) {
  const Style narrow{.is_terminal = true, .width = 40};
  const Command example{
      .name = "example",
      .about = "Shows how a page is wrapped where there is little room.",
      .parameters = {{.name = "--a-rather-long-option",
                      .value = "VALUE",
                      .about = "A sentence that does not fit beside its name on such a terminal."},
                     {.name = "--no", .about = "A flag with a sentence that needs two lines."}}};
  for (const std::string& page :
       {command_help(example, "squall example", narrow), general_help({example}, narrow)}) {
    for (const std::string& line : split(page, '\n')) EXPECT_LE(line.size(), 40U) << line;
  }
}

}  // namespace
}  // namespace squall::cli
