// Secrets are read as late as can be, by the process that needs them.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace squall::sys {

// The value behind "env:NAME" or "file:/PATH"; a file's content is trimmed. Errors name the
// variable or the file, never a value: a variable that is not set, a file that is missing, not
// regular, over 64 KiB or no text.
Result<std::string> read_secret(std::string_view reference);
// The same for a reference as it is written, "${env:NAME}"; an empty text gives an empty value.
Result<std::string> reveal(std::string_view written);

// A reference to the same secret that other processes of this user and root can read while this
// process lives: an environment variable is put into a file that stands on no disk.
Result<std::string> share_secret(std::string_view written);

}  // namespace squall::sys
