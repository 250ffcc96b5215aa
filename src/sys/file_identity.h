// What tells a file from every other one that ever had its name.
//
// The inode number alone does not: a filesystem may give it to the next file. Its file handle,
// which NFS servers hand out, holds a generation number against that; where there is none, the time
// of birth helps. Device numbers are left out, since they may differ after a reboot.
#pragma once

#include <string>

#include "core/result.h"
#include "sys/fd.h"

namespace squall::sys {

// "inode 1234 born 1700000000.123456789 handle 1:d2040000a1b2c3d4", without the parts which the
// filesystem does not keep. Of a symbolic link itself, not of what it leads to. Code::not_found
// when there is nothing of that name.
Result<std::string> file_identity(const std::string& path);
Result<std::string> file_identity(const Fd& fd);

}  // namespace squall::sys
