#include "change/ballast_file.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "change/unnamed_files.h"

namespace squall::change {
namespace {

constexpr std::uint64_t longest_step = 4ULL << 30;
constexpr std::uint64_t longest_write = 32ULL << 20;
// The map of the file grows with it, so that the last block may be one too many; giving it back may
// shrink the map again. After so many turns one block more or less is left as it is.
constexpr int most_corrections = 8;

Error out_of_space(std::uint64_t taken, std::uint64_t size) {
  return error(Code::failed,
               fmt::format("the filesystem was full after {} of {}", render_rounded(Bytes{taken}),
                           render_rounded(Bytes{size})),
               "ask for less, or say with `leave` how much is to be left");
}

// Bytes that no filesystem can compress or share.
const std::string& noise() {
  static const std::string bytes = [] {
    std::string made(1 << 20, '\0');
    std::uint64_t state = 0x9E3779B97F4A7C15U;
    for (std::size_t i = 0; i + 8 <= made.size(); i += 8) {
      state ^= state << 13;
      state ^= state >> 7;
      state ^= state << 17;
      for (std::size_t k = 0; k < 8; ++k) made[i + k] = static_cast<char>(state >> (8 * k));
    }
    return made;
  }();
  return bytes;
}

}  // namespace

Result<BallastFile> BallastFile::open(const std::string& folder) {
  BallastFile file;
  file.fd_ = TRY(open_unnamed_file(folder));
  struct statvfs space {};
  if (::fstatvfs(file.fd_.get(), &space) != 0) return errno_error(errno, "looking at the space");
  file.block_ = std::max<std::uint64_t>(space.f_frsize, 512);
  file.step_ = longest_step / file.block_ * file.block_;
  return file;
}

Bytes BallastFile::taken() const {
  struct stat status {};
  if (::fstat(fd_.get(), &status) != 0) return {};
  return Bytes{static_cast<std::uint64_t>(status.st_blocks) * 512};  // the unit of st_blocks
}

Result<bool> BallastFile::approach(const SpaceGoal& goal) {
  if (goal.size) return approach_size(goal.size->count / block_ * block_);
  return approach_leave(goal);
}

Result<bool> BallastFile::approach_size(std::uint64_t size) {
  const std::uint64_t taken_now = taken().count;
  if (taken_now > size && corrections_ < most_corrections) {
    TRY_VOID(give_back(taken_now - size));
    return false;
  }
  if (taken_now >= size || corrections_ >= most_corrections) return true;
  const int problem = take(size - taken_now);
  if (problem == ENOSPC) return out_of_space(taken().count, size);
  if (problem != 0) return errno_error(problem, "taking space");
  return false;
}

Result<bool> BallastFile::approach_leave(const SpaceGoal& goal) {
  struct statvfs space {};
  if (::fstatvfs(fd_.get(), &space) != 0) return errno_error(errno, "looking at the space");
  const std::uint64_t blocks = goal.take_reserve ? space.f_bfree : space.f_bavail;
  const std::uint64_t left = blocks * space.f_frsize;
  const std::uint64_t leave = goal.leave ? goal.leave->count : 0;
  if (left < leave && corrections_ < most_corrections) {
    const std::uint64_t missing = (leave - left + block_ - 1) / block_ * block_;
    const std::uint64_t ours = std::min(missing, taken().count);
    if (ours == 0) return true;
    TRY_VOID(give_back(ours));
    return false;
  }
  const std::uint64_t surplus = left < leave ? 0 : (left - leave) / block_ * block_;
  if (surplus == 0 || step_ < block_) return true;
  const int problem = take(surplus);
  // The filesystem keeps some for its own records, or others were faster: go on in smaller steps.
  if (problem == ENOSPC) step_ = std::min(step_, surplus) / 2 / block_ * block_;
  if (problem != 0 && problem != ENOSPC) return errno_error(problem, "taking space");
  return false;
}

int BallastFile::take(std::uint64_t bytes) {
  const std::uint64_t part = std::min(bytes, step_);
  if (!allocates_) return write_step(part);
  int problem = 0;
  while (::fallocate(fd_.get(), 0, static_cast<off_t>(length_), static_cast<off_t>(part)) != 0) {
    problem = errno;
    if (problem != EINTR) break;
    problem = 0;
  }
  if (problem == EOPNOTSUPP || problem == ENOSYS) {
    allocates_ = false;
    return write_step(part);
  }
  if (problem == 0) length_ += part;
  // A failing fallocate may keep what it got until then.
  struct stat status {};
  if (problem == ENOSPC && ::fstat(fd_.get(), &status) == 0) {
    length_ = std::max(length_, static_cast<std::uint64_t>(status.st_size) / block_ * block_);
  }
  return problem;
}

int BallastFile::write_step(std::uint64_t bytes) {
  std::uint64_t left = std::min(bytes, longest_write);
  while (left > 0) {
    const std::size_t part = std::min<std::uint64_t>(left, noise().size());
    const ssize_t wrote = ::pwrite(fd_.get(), noise().data(), part, static_cast<off_t>(length_));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return errno;
    length_ += static_cast<std::uint64_t>(wrote);
    left -= static_cast<std::uint64_t>(wrote);
  }
  return ::fdatasync(fd_.get()) == 0 ? 0 : errno;
}

Status BallastFile::give_back(std::uint64_t bytes) {
  ++corrections_;
  length_ -= std::min(bytes, length_);
  if (::ftruncate(fd_.get(), static_cast<off_t>(length_)) == 0) return ok();
  return errno_error(errno, "giving back what was too much");
}

}  // namespace squall::change
