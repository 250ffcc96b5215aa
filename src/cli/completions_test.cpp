#include "cli/completions.h"

#include <gtest/gtest.h>

#include "cli/commands.h"
#include "sys/command.h"
#include "sys/file.h"
#include "sys/test_props.h"

namespace squall::cli {
namespace {

std::vector<Command> some_commands() {
  std::vector<Command> commands;
  commands.push_back(run_command());
  commands.push_back(check_command());
  commands.push_back(ledger_command());
  commands.push_back(faults_command());
  commands.push_back(report_command());
  commands.push_back(completion_command());
  return commands;
}

// What bash would offer for the last of these words, in a folder with one file.
std::string offers(const std::string& words) {
  const sys::ScratchFolder folder;
  EXPECT_TRUE(sys::write_file_durably(folder / "drill.yaml", "").ok());
  EXPECT_TRUE(sys::write_file_durably(folder / "script", bash_completion(some_commands())).ok());
  const std::string program =
      "source ./script; squall() { echo 20260301-a 20260302-b; }; COMP_WORDS=(" + words +
      "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _squall; echo \"${COMPREPLY[*]}\"";
  sys::Patience patience(seconds(20));
  const Result<sys::CommandResult> result =
      sys::run_command({.argv = {"bash", "-c", program}, .directory = folder.path()}, patience);
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(result->error_output, "");
  return result->output.substr(0, result->output.find('\n'));
}

TEST(BashCompletion, OffersTheCommandsFirst) {
  EXPECT_EQ(offers("squall ''"), "run check ledger faults report completion --help --version");
  EXPECT_EQ(offers("squall ch"), "check");
}

TEST(BashCompletion, OffersTheOptionsOfACommand) {
  EXPECT_EQ(offers("squall run --s"), "--state --set --seed");
  EXPECT_EQ(offers("squall run drill.yaml --dry"), "--dry-run");
}

TEST(BashCompletion, OffersWhatAValueMayBe) {
  EXPECT_EQ(offers("squall run dr"), "drill.yaml");
  EXPECT_EQ(offers("squall run --targets dr"), "drill.yaml");
  EXPECT_EQ(offers("squall run --seed ''"), "");
  EXPECT_EQ(offers("squall faults network.b"), "network.block");
  EXPECT_EQ(offers("squall report last --format j"), "json junit");
  EXPECT_EQ(offers("squall report 202"), "20260301-a 20260302-b");
  EXPECT_EQ(offers("squall completion f"), "fish");
}

TEST(BashCompletion, FindsCommandsOfCommands) {
  EXPECT_EQ(offers("squall ledger ''"), "verify --help");
  EXPECT_EQ(offers("squall ledger verify --s"), "--state");
}

TEST(Completions, NameEveryCommandAndEveryOptionInEveryShell) {
  const std::vector<Command> commands = some_commands();
  const std::string scripts[] = {bash_completion(commands), zsh_completion(commands),
                                 fish_completion(commands)};
  for (const std::string& script : scripts) {
    for (const Command& command : commands) {
      EXPECT_NE(script.find(command.name), std::string::npos) << command.name;
      for (const Parameter& parameter : command.parameters) {
        if (!parameter.is_option()) continue;
        EXPECT_NE(script.find(parameter.name.substr(2)), std::string::npos) << parameter.name;
      }
    }
  }
}

TEST(ZshCompletion, MasksWhatMeansSomethingToZsh) {
  const Command odd{.name = "odd", .about = "Says: [it's]."};
  const std::string script = zsh_completion({odd});
  EXPECT_NE(script.find(R"('odd:Says\: \[it'\''s\].')"), std::string::npos) << script;
}

TEST(FishCompletion, OffersTheWordsOfAParameter) {
  const std::string script = fish_completion(some_commands());
  EXPECT_NE(script.find("-l format -r -x -a 'html markdown json junit'"), std::string::npos)
      << script;
}

}  // namespace
}  // namespace squall::cli
