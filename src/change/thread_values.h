// A value that the kernel keeps for each thread of a process, set for all of them and given back to
// each: its nice value, the processors that it may use.
//
// Such values are set by thread id, not by descriptor: the process is held by a pidfd and its start
// time is compared before and after, and a thread counts as the recorded one only with its own
// start time. Threads that are born while the change is in force inherit the value of the thread
// that made them; at the end they get what the first thread had. A thread that has neither the new
// nor its old value was changed by somebody else and is left alone.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "change/change.h"

namespace squall::change {

// How one value of one thread is read and written, as text in a form that can be compared.
struct ThreadValue {
  std::string_view what;  // "nice value"
  // Code::not_found when the thread is gone.
  std::function<Result<std::string>(std::int64_t thread)> read;
  std::function<Status(std::int64_t thread, const std::string& value)> write;
};

// {"threads": [{"thread": 4711, "start_ticks": 123, "value": "0"}, ...]}, the first thread first.
// Code::not_found when the process is gone.
Result<json::object> capture_threads(const ThreadValue& value, const sys::ProcessId& process);
// The values that were recorded, in the order of the record.
std::vector<std::string> recorded_values(const json::object& before);
// Until every thread has the value; threads that end meanwhile do not matter.
Status set_threads(const ThreadValue& value, const sys::ProcessId& process,
                   const std::string& wanted);
Result<Presence> verify_threads(const ThreadValue& value, const sys::ProcessId& process,
                                const std::string& wanted, const json::object& before);
Result<Reverted> revert_threads(const ThreadValue& value, const sys::ProcessId& process,
                                const std::string& wanted, const json::object& before);

// Fails unless this process may set such values of that one: it has CAP_SYS_NICE, or both belong to
// the same user. Code::refused with advice.
Status check_may_schedule(const sys::ProcessId& process);

}  // namespace squall::change
