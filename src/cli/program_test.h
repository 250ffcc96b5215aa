// What every test of the built program has: a state folder and documents of its own.
#pragma once

#include <memory>
#include <vector>

#include "cli/child_program_test.h"
#include "core/node.h"
#include "guardian/state.h"
#include "sys/file.h"
#include "sys/test_props.h"

namespace squall::cli {

// Every guardian must be gone at the end. One leaves some seconds after its last work, so all of
// them are waited for together, after the last test.
class ProgramTest : public testing::Test {
 protected:
  std::string state() const { return folder_ / "state"; }
  std::string file(const std::string& name) const { return folder_ / name; }

  std::string write(const std::string& name, const std::string& text) const {
    EXPECT_TRUE(sys::write_file_durably(file(name), text, 0644).ok());
    return file(name);
  }

  static ProgramOptions in(const std::string& state_folder) {
    return {.environment = {{"SQUALL_STATE", state_folder},
                            {"COLUMNS", "80"},
                            {"LANG", "C.UTF-8"},
                            {"SSH_CONNECTION", ""}}};
  }
  Said squall(const std::vector<std::string>& words) const { return squall(words, in(state())); }
  static Said squall(const std::vector<std::string>& words, const ProgramOptions& options) {
    Program program(words, options);
    const int code = program.end();
    return {code, program.output, program.errors};
  }

  // A scenario that stops this process, judged by a file which is always there.
  std::string pause_scenario(std::int64_t pid, const std::string& lasts = "600 ms") const {
    return write("pause.yaml",
                 "scenario: pause\n"
                 "baseline: 300 ms\n"
                 "steady_state:\n"
                 "  - {name: there, file: {path: /etc/passwd, hash: false}, every: 20 ms}\n"
                 "faults:\n"
                 "  - process.pause: {select: {pid: " +
                     std::to_string(pid) + "}}\n    for: " + lasts + "\nrecover: {within: 3 s}\n");
  }

  static char state_of(pid_t pid) {
    const Result<sys::Process> process = sys::read_process(pid);
    return process.ok() ? process->state : '?';
  }
  static bool no_guardian_in(const std::string& state_folder) {
    return eventually([&] { return !guardian::is_state_locked(state_folder); });
  }

  void TearDown() override { used_folders().push_back(std::move(scratch_)); }
  static void TearDownTestSuite() {
    for (const auto& folder : used_folders()) {
      EXPECT_TRUE(no_guardian_in(*folder / "state")) << "a guardian stays";
    }
    used_folders().clear();
  }

 private:
  using Scratch = std::unique_ptr<sys::ScratchFolder>;
  static std::vector<Scratch>& used_folders() {
    static std::vector<Scratch> folders;
    return folders;
  }

  Scratch scratch_ = std::make_unique<sys::ScratchFolder>();

 protected:
  const sys::ScratchFolder& folder_ = *scratch_;
};

inline testing::AssertionResult contains(const std::string& text, std::string_view wanted) {
  if (text.find(wanted) != std::string::npos) return testing::AssertionSuccess();
  return testing::AssertionFailure() << '"' << wanted << "\" is not in:\n" << text;
}

}  // namespace squall::cli
