// A child of a witness that uses a file as any program would, and tells how that went. It calls
// itself "witness-reader", so that what spares squall's own processes knows that it is none of
// them.
#pragma once

#include <string>
#include <vector>

#include "core/duration.h"
#include "core/result.h"

namespace squall::witness {

enum class Use { open, read, use };  // what is tried; `use` is reading too, of a file opened anew

struct Attempt {
  int error_number = 0;
  Duration took;
};

// Opens the file `attempts` times, one after the other, and for the other uses reads its first
// byte. Those not made within `limit` are left out; the child is killed then, and whatever hung
// shows as an attempt that took that long. Errors: no child could be started.
Result<std::vector<Attempt>> try_file(const std::string& path, Use use, std::int64_t attempts,
                                      Duration limit);

// A regular file to try: `path` itself, or the first by name in it or below it. Code::not_found
// when there is none.
Result<std::string> file_to_try(const std::string& path);

}  // namespace squall::witness
