// How a runner and the guardian talk: JSON objects over a unix stream socket, each behind its
// length as four bytes, least significant first. Every request gets exactly one answer, in order:
//
//   hello   {run, lease_ms, accept_irreversible, ssh, protect} -> {guardian_pid, version}
//   judge   {steps: [{change, kind, params} | {change}]} -> {refused: [{change, code, message,
//                                                          next}]}, touching nothing; a step
//                                                          without a kind ends its change
//   apply   {change, kind, params}                     -> {describe, undo, keeping, facts,
//                                                          applied_ns}
//   revert  {change}                                   -> {ending, detail, reverted_ns}
//   renew   {}                                         -> {lost: [{change, message}], stopped:
//                                                          text}
//   finish  {}                                         -> {reverted: [{change, ending, detail} |
//                                                          {change, error}]}
//   status  {}                                         -> see Server::status
//   revert_all {}                                      -> like finish, over all runs
//
// A request has "request" and the members above; an answer has "ok": true and its members, or "ok":
// false with "code", "message" and "next". `hello` must come first for judge, apply, revert, renew
// and finish, and binds the connection to the run: when it closes, the run's changes are reverted.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/duration.h"
#include "core/node.h"
#include "core/result.h"

namespace squall::guardian {

inline constexpr std::size_t frame_bytes_max = 4 << 20;
// A lease beyond these is taken for the closer of them.
inline constexpr Duration shortest_lease = milliseconds(100);
inline constexpr Duration longest_lease = seconds(60);

std::string encode_frame(const json::object& message);

// Collects bytes and gives whole messages back. Hostile input is expected: a frame that is too
// long, not JSON, or not an object ends the connection.
class FrameReader {
 public:
  void feed(std::string_view bytes) { buffer_.append(bytes); }
  // A message, nothing yet, or Code::invalid.
  Result<std::optional<json::object>> next();

 private:
  std::string buffer_;
};

json::object answer_error(const Error& problem);
// The members of an answer, or the error that it carries.
Result<json::object> read_answer(json::object answer);

}  // namespace squall::guardian
