// What the tests of the managers share: the two verbs, called as squall-reach would.
#pragma once

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reach/reach.h"

namespace squall::reach::calls {

// One service of one manager.
struct Service {
  std::string manager;
  std::string control;
  std::string unit;

  json::object params() const {
    return {{"manager", manager}, {"control", control}, {"unit", unit}};
  }
  Result<json::object> ask(std::string_view verb, const json::object& more) const {
    json::object all = params();
    for (const auto& one : more) all[one.key()] = one.value();
    const Verb* found = find(catalogue(), verb);
    CHECK(found != nullptr, "the verb is in the catalogue");
    return found->call(all);
  }
  Result<json::object> show(const std::string& intend = "") const {
    return ask("service.show", {{"intend", intend}});
  }
  json::object shown() const {
    const Result<json::object> state = show();
    EXPECT_TRUE(state.ok()) << state.error().render();
    return state.ok() ? *state : json::object();
  }
  std::string phase() const { return text_at(shown(), "phase"); }
  std::int64_t pid() const {
    const json::object state = shown();
    const json::array* processes = array_at(state, "processes");
    return processes == nullptr || processes->empty()
               ? 0
               : integer_at(processes->at(0).as_object(), "pid");
  }
  Result<json::object> act(const std::string& verb, json::object more = {}) const {
    more["act"] = verb;
    return ask("service.act", more);
  }
};

// "": it went well.
inline std::string problem(const Result<json::object>& answer) {
  if (answer.ok()) return "";
  return std::string(code_name(answer.error().code)) + ": " + answer.error().render() + " / " +
         answer.error().next;
}

}  // namespace squall::reach::calls
