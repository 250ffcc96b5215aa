// What squall does through somebody else's interface: a container daemon, a service manager, a
// database, a message broker, a filesystem in user space.
//
// None of these clients belongs into the guardian: their libraries are large, and a daemon that
// does not answer must not hang the process that undoes everything. So each such verb runs in a
// process of its own, squall-reach, which the change kinds start (change/reach.h) and which ends
// with its parent. The parameters arrive as one line of JSON on its input, the answer leaves as one
// line on its output: {"facts": {...}} or {"error": {"code", "message", "next"}}.
//
//  - a verb that is *called* answers and is done;
//  - a verb that *serves* stays in force after its answer until its input closes.
//
// Parameters stand in the journal, so no secret may be among them: name the file that holds it, and
// read it here.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "core/node.h"
#include "core/result.h"
#include "param/table.h"

namespace squall::reach {

// In force while it lives.
class Serving {
 public:
  virtual ~Serving() = default;
  // Facts worth recording.
  virtual json::object facts() const { return {}; }
  // Asked every 100 ms; false ends the process.
  virtual bool is_intact() { return true; }
  // Asked once when the input has closed, before the destructor: what it came to, in a line for
  // people. It leaves as one more line: {"last": "..."}. May be empty.
  virtual std::string finish() { return {}; }
};

struct Verb {
  std::string_view name;  // "container.pause"
  std::string_view about;
  const param::AnyTable* table = nullptr;
  // One of the two.
  Result<json::object> (*call)(const json::object& params) = nullptr;
  Result<std::unique_ptr<Serving>> (*serve)(const json::object& params) = nullptr;
};

using Catalogue = std::vector<const Verb*>;
const Catalogue& catalogue();
// nullptr when there is no such verb.
const Verb* find(const Catalogue& verbs, std::string_view name);

// Answers for the verb over two descriptors; for a serving verb returns when the input closed or
// the verb is no longer intact. 0 when all went well, 1 otherwise.
int answer(const Verb& verb, int input, int output);

// Instead of a verb: it stands ready until its input has one line {"verb": ..., "params": {...}}.
inline constexpr std::string_view await_word = "await";

// squall-reach VERB, on standard input and output. 2 when there is no such verb.
int reach_main(int count, char** words, const Catalogue& verbs);

}  // namespace squall::reach
