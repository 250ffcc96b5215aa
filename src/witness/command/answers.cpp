// command.answers: a program of the user's own says whether a fault can be seen: exit code 0 is
// yes.
//
// The one witness whose independence is the user's affair: the program should look at the victim,
// not at what the command that made the fault left behind. A program that could not look (126, 127,
// killed, too slow) has seen neither yes nor no.
#include <fmt/core.h>

#include "core/text.h"
#include "sys/process.h"
#include "sys/program.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

struct Question {
  std::vector<std::string> argv;
  std::string user;
  Duration limit = seconds(2);
};

const param::Table<Question> table{{
    param::field("argv", &Question::argv,
                 {.about = "The program, and its arguments.", .required = true}),
    param::field("user", &Question::user, {.about = "Who runs it; empty for squall's own."}),
    param::field("limit", &Question::limit,
                 {.about = "How long it may take.", .min = milliseconds(10)}),
}};

constexpr int first_code_of_shells = 126;

class Answers final : public Witness {
 public:
  Answers(sys::Command command, Duration limit) : command_(std::move(command)), limit_(limit) {}

  Result<Sighting> look() override {
    using End = sys::CommandResult::End;
    sys::Patience patience(limit_);
    const sys::CommandResult result = TRY(sys::run_command(command_, patience));
    if (result.end != End::exited || result.exit_code >= first_code_of_shells) {
      return error(Code::failed, fmt::format("{} could not look: {}",
                                             printable(command_.argv.back()), how(result)));
    }
    const bool is_on = result.exit_code == 0;
    return Sighting{.on = is_on,
                    .dose = is_on ? 1.0 : 0.0,
                    .detail = fmt::format("it ended with {}", result.exit_code)};
  }

 private:
  std::string how(const sys::CommandResult& result) const {
    using End = sys::CommandResult::End;
    if (result.end == End::exited) return fmt::format("it ended with {}", result.exit_code);
    if (result.end == End::killed) return "it was killed by " + sys::signal_name(result.signal);
    return "it did not end within " + render(limit_);
  }

  sys::Command command_;
  Duration limit_;
};

Result<std::unique_ptr<Witness>> open(const Question& question) {
  if (question.argv.empty()) {
    return error(Code::invalid, "a command needs at least the name of a program");
  }
  sys::Command command{.argv = question.argv, .directory = "/", .output_limit = {4 << 10}};
  command.argv.front() = TRY(sys::find_trusted_program(question.argv.front(), question.user));
  command = TRY(sys::as_user(std::move(command), question.user));
  std::unique_ptr<Witness> witness = std::make_unique<Answers>(std::move(command), question.limit);
  if (TRY(witness->look()).on) {
    return error(Code::conflict,
                 fmt::format("{} ends with 0 before the fault", quote(question.argv.front())),
                 "undo what it sees, or ask for something that tells the two states apart");
  }
  return witness;
}

}  // namespace

extern const Kind kind_command_answers;
const Kind kind_command_answers = kind_of<Question>({
    .name = "command.answers",
    .about = "Whether a program of the user's own ends with 0.",
    .dose_unit = "yes",
    .every = milliseconds(50),
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
