// A command is one sub-command of squall as data: its name, what it takes, and the function that
// does it. The parser, the help, and the completions of the shells are all made from it.
//
// What a command takes is a struct of its own, and a table which says by what word each member is
// given:
//
//   struct Words { std::string scenario; std::optional<std::uint64_t> seed; };
//   Command example_command() {
//     return command<Words>({.name = "example", .about = "Shows how."},
//                           {argument("SCENARIO", &Words::scenario, "What to run."),
//                            option("--seed", "N", &Words::seed, "Repeats a run.")},
//                           execute);
//   }
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/console.h"
#include "core/duration.h"
#include "core/result.h"

namespace squall::cli {

struct Command;

// What every command works with.
struct Context {
  const Console& console;
  std::string version;
  const std::vector<Command>& commands;
};

// One thing that a command takes.
struct Parameter {
  std::string name;        // "--targets", or "SCENARIO" for one that is known by its place
  std::string value;       // what stands for the value of an option: "FILE"; empty for a flag
  std::string about;       // one sentence
  std::string short_name;  // "-n"; empty for none
  bool is_required = false;
  bool repeats = false;
  std::vector<std::string> words;  // those that a shell may offer
  // Takes one value as it was written; flags get "". Errors name what is wrong with the value.
  std::function<Status(const std::string&)> take;

  bool is_option() const { return name.starts_with("-"); }
  bool is_flag() const { return is_option() && value.empty(); }
};

struct Command {
  std::string name;
  std::string about;                  // one sentence, in the list of commands
  std::string details;                // more of it, in the command's own help
  std::vector<std::string> examples;  // whole command lines
  std::vector<Parameter> parameters;
  std::vector<Command> children;  // sub-commands of its own; without execute it does nothing itself
  std::vector<std::string> other_names;  // that it answers to as well
  bool takes_single_dashes = false;      // "-port" for "--port", as programs written in Go do
  // Returns the exit code of the program.
  std::function<int(const Context&)> execute;
};

// How a value is read from the command line, for each type that a member may have.
Status read_value(const std::string& text, std::string& value);
Status read_value(const std::string& text, std::vector<std::string>& value);  // adds one
Status read_value(const std::string& text, std::optional<std::uint64_t>& value);
Status read_value(const std::string& text, std::int64_t& value);
Status read_value(const std::string& text, double& value);
Status read_value(const std::string& text, Duration& value);

// A parameter with the member of `Words` that it fills. One of a base of `Words` will do as well.
template <class Words>
struct Word {
  using Read = std::function<Status(Words&, const std::string&)>;
  Parameter parameter;
  Read read;

  Word(Parameter described, Read reader)
      : parameter(std::move(described)), read(std::move(reader)) {}
  template <class Base>
  requires(std::is_base_of_v<Base, Words> && !std::is_same_v<Base, Words>) Word(Word<Base> other)
      : parameter(std::move(other.parameter)), read(std::move(other.read)) {}

  // Words that a shell may offer for it.
  Word offering(std::vector<std::string> words) && {
    parameter.words = std::move(words);
    return std::move(*this);
  }
  // A second name of one letter: "-n".
  Word or_short(std::string name) && {
    parameter.short_name = std::move(name);
    return std::move(*this);
  }
};

template <class Words, class Value>
Word<Words> option(std::string_view name, std::string_view value, Value Words::*member,
                   std::string_view about) {
  Parameter parameter{.name = std::string(name),
                      .value = std::string(value),
                      .about = std::string(about),
                      .repeats = std::is_same_v<Value, std::vector<std::string>>};
  return {std::move(parameter), [member](Words& words, const std::string& text) {
            return read_value(text, words.*member);
          }};
}

template <class Words>
Word<Words> flag(std::string_view name, bool Words::*member, std::string_view about) {
  return {{.name = std::string(name), .about = std::string(about)},
          [member](Words& words, const std::string&) {
            words.*member = true;
            return ok();
          }};
}

// Known by its place. A list takes all that is left.
template <class Words, class Value>
Word<Words> argument(std::string_view name, Value Words::*member, std::string_view about) {
  Word<Words> word = option(name, "", member, about);
  word.parameter.is_required = true;
  return word;
}
template <class Words, class Value>
Word<Words> optional_argument(std::string_view name, Value Words::*member, std::string_view about) {
  return option(name, "", member, about);
}

template <class Words>
Command command(Command head, std::vector<Word<Words>> words,
                int (*execute)(const Words&, const Context&)) {
  const auto values = std::make_shared<Words>();
  for (Word<Words>& word : words) {
    word.parameter.take = [values, read = std::move(word.read)](const std::string& text) {
      return read(*values, text);
    };
    head.parameters.push_back(std::move(word.parameter));
  }
  head.execute = [values, execute](const Context& context) { return execute(*values, context); };
  return head;
}

// The command that answers to this name among `commands`, or nullptr.
const Command* find(const std::vector<Command>& commands, std::string_view name);

}  // namespace squall::cli
