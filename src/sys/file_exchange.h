// Putting one file in the place of another so that no reader ever finds nothing, or half a file.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"
#include "sys/fd.h"

namespace squall::sys {

// Makes `path`, which must not exist, with this content and with owner, mode and, as far as the
// filesystem and our rights allow, the extended attributes of the open file `model`. Synced. On an
// error a part of it may be left.
Status write_file_like(const Fd& model, const std::string& path, std::string_view content);

// Renames, but never over something that exists (Code::conflict). Durable on return, like the next.
Status rename_to_free(const std::string& from, const std::string& to);
// Each of the two files, which lie on one filesystem, gets the other's name, in one step.
// Code::unsupported where the filesystem cannot.
Status exchange_files(const std::string& one, const std::string& other);

}  // namespace squall::sys
