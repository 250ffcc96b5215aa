#include "reach/reach.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>

#include <fmt/core.h>
#include <poll.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace squall::reach {
namespace {

constexpr int heartbeat_milliseconds = 100;
constexpr std::size_t longest_line = 1 << 22;

Result<json::object> read_object(int input) {
  std::string line;
  std::array<char, 4096> piece;
  while (line.find('\n') == std::string::npos) {
    const ssize_t got = ::read(input, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return error(Code::failed, "the input ended before the parameters");
    line.append(piece.data(), static_cast<std::size_t>(got));
    if (line.size() > longest_line) return error(Code::invalid, "the parameters are too long");
  }
  json::value params = TRY(parse_json(line.substr(0, line.find('\n'))), "reading the parameters");
  if (!params.is_object()) return error(Code::invalid, "the parameters are no JSON object");
  return params.get_object();
}

int write_line(int output, const json::object& message) {
  const std::string line = canonical_json(message) + "\n";
  for (std::string_view rest = line; !rest.empty();) {
    const ssize_t written = ::write(output, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return 1;
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

int say(int output, const Result<json::object>& answer) {
  json::object message;
  if (answer.ok()) {
    message["facts"] = *answer;
  } else {
    const Error& problem = answer.error();
    message["error"] = {
        {"code", code_name(problem.code)}, {"message", problem.render()}, {"next", problem.next}};
  }
  if (write_line(output, message) != 0) return 1;
  return answer.ok() ? 0 : 1;
}

// Returns when the input closes, or false when the verb is no longer in force.
bool serve_until_told(Serving& serving, int input) {
  while (true) {
    pollfd entry{input, POLLIN, 0};
    const int ready = ::poll(&entry, 1, heartbeat_milliseconds);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
    if (!serving.is_intact()) return false;
  }
}

}  // namespace

const Verb* find(const Catalogue& verbs, std::string_view name) {
  const auto found = std::find_if(verbs.begin(), verbs.end(),
                                  [&](const Verb* verb) { return verb->name == name; });
  return found == verbs.end() ? nullptr : *found;
}

namespace {

int carry_out(const Verb& verb, const json::object& params, int input, int output) {
  if (verb.call != nullptr) return say(output, verb.call(params));
  Result<std::unique_ptr<Serving>> serving = verb.serve(params);
  if (!serving.ok()) return say(output, Error(serving.error()));
  if (say(output, (*serving)->facts()) != 0) return 1;
  if (!serve_until_told(**serving, input)) return 1;
  const std::string last = (*serving)->finish();
  return last.empty() ? 0 : write_line(output, {{"last", last}});
}

// The verb comes with its parameters, or never.
int await_order(const Catalogue& verbs, int input, int output) {
  const Result<json::object> order = read_object(input);
  if (!order.ok()) return 0;
  const Verb* verb = find(verbs, text_at(*order, "verb"));
  const json::object* params = object_at(*order, "params");
  if (verb == nullptr || params == nullptr) {
    return say(output, error(Code::invalid, "an order needs a verb that exists, and parameters"));
  }
  return carry_out(*verb, *params, input, output);
}

}  // namespace

int answer(const Verb& verb, int input, int output) {
  const Result<json::object> params = read_object(input);
  if (!params.ok()) return say(output, params);
  return carry_out(verb, *params, input, output);
}

int reach_main(int count, char** words, const Catalogue& verbs) {
  ::signal(SIGPIPE, SIG_IGN);
  if (count == 2 && std::string_view(words[1]) == await_word) {
    return await_order(verbs, STDIN_FILENO, STDOUT_FILENO);
  }
  const Verb* verb = count == 2 ? find(verbs, words[1]) : nullptr;
  if (verb != nullptr) return answer(*verb, STDIN_FILENO, STDOUT_FILENO);
  fmt::print(stderr, "squall-reach is started by squall, with one of these verbs:\n");
  for (const Verb* known : verbs) fmt::print(stderr, "  {:<24} {}\n", known->name, known->about);
  return 2;
}

}  // namespace squall::reach
