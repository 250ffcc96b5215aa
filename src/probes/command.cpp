// command: runs a program of the user's and looks at how it ended and what it wrote.
//
// There is no shell: the program gets exactly the arguments given. At the time limit it is killed
// together with all that it started.
#include "sys/command.h"

#include "param/text_map_codec.h"
#include "probes/typed.h"

namespace squall::probe {
namespace {

using End = sys::CommandResult::End;

struct Run {
  std::vector<std::string> argv;
  std::string directory;
  param::TextMap environment;
};

const param::Table<Run> table{{
    param::field("argv", &Run::argv,
                 {.about = "The program, as a path or a name in PATH, and its arguments.",
                  .required = true}),
    param::field("directory", &Run::directory,
                 {.about = "The folder to start in; empty for squall's own."}),
    param::field("environment", &Run::environment,
                 {.about = "Variables beside PATH, HOME, LANG, TMPDIR and USER."}),
}};

sys::Command command_of(const Run& run) {
  return {.argv = run.argv, .directory = run.directory, .environment = run.environment};
}

Status check(const Run& run) {
  return sys::check_command(command_of(run));
}

Sample take(const Run& run, sys::Patience& patience) {
  Sample sample;
  const Result<sys::CommandResult> result = sys::run_command(command_of(run), patience);
  if (!result.ok()) {
    sample.problem = result.error().render();
    if (result.error().code == Code::not_found || result.error().code == Code::refused) {
      sample.values["reached"] = false;
    }
    return sample;
  }
  sample.values["stdout"] = json::string(repair_utf8(result->output));
  sample.values["stderr"] = json::string(repair_utf8(result->error_output));
  const std::string program = printable(run.argv[0]);
  if (result->end == End::stopped) {
    sample.problem = fmt::format("stopped while {} was running", program);
    return sample;
  }
  sample.values["reached"] = result->end != End::timed_out;
  if (result->end == End::timed_out) {
    sample.problem = fmt::format("{} did not end within {} and was killed", program,
                                 render_rounded(patience.limit()));
    return sample;
  }
  constexpr int killed_base = 128;  // as shells count
  sample.values["exit_code"] =
      result->end == End::killed ? killed_base + result->signal : result->exit_code;
  sample.values["latency"] = json::string(render(result->took));
  return sample;
}

}  // namespace

extern const Kind kind_command;
const Kind kind_command = kind_of<Run>({
    .name = "command",
    .about = "Runs a program without a shell and looks at its exit code and what it wrote.",
    .limits =
        "64 KiB of each output are kept. The program runs with squall's rights, reads nothing "
        "from its input and inherits no descriptor. It and its process group are killed at "
        "the time limit; what makes a session of its own escapes that.",
    .example = R"({"command": {"argv": ["redis-cli", "-p", "6379", "PING"]},
                   "expect": {"exit_code": 0, "stdout": {"contains": "PONG"}}})",
    .table = &table,
    .values = {{"exit_code", "whole number",
                "The exit code; 128 and the signal when a signal ended the program."},
               {"stdout", "text", "The first 64 KiB of its output."},
               {"stderr", "text", "The first 64 KiB of its error output."},
               {"latency", "duration", "From the start of the program to its end."}},
    .reached = "Whether the program could be started and ended by itself.",
    .check = check,
    .take = take,
});

}  // namespace squall::probe
