// Which processes are squall's own, for changes that must never hit it.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace squall::change {

// The program of this process, and those of squall in the same folder, by device and inode.
using OwnPrograms = std::vector<std::pair<dev_t, ino_t>>;
OwnPrograms own_programs();

// A runner, a guardian, a twin or a holder is `own`. A child of a witness runs one of these
// programs too, but has to feel a fault as others do: it calls itself "witness...".
enum class Kinship { stranger, own, witness };
Kinship kinship_of(std::int64_t pid, const OwnPrograms& programs);

}  // namespace squall::change
