#include "change/unnamed_files.h"

#include <cerrno>
#include <future>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <fmt/core.h>
#include <sched.h>
#include <sys/resource.h>

#include "core/text.h"
#include "sys/clock.h"
#include "sys/fd.h"

namespace squall::change {
namespace {

int open_unnamed(const std::string& folder, int flags = 0) {
  return ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC | flags, 0600);
}

Error refusal(int number, const std::string& folder) {
  // Kernels and filesystems that do not know the flag take it for an attempt to write a folder.
  if (number == EOPNOTSUPP || number == EISDIR || number == EINVAL) {
    return error(Code::unsupported,
                 fmt::format("the filesystem of {} has no files without a name (O_TMPFILE), so "
                             "nothing would give back what is taken if squall died",
                             printable(folder)),
                 "name a folder on a local filesystem such as ext4, XFS, Btrfs or tmpfs");
  }
  return errno_error(number, fmt::format("making a file without a name in {}", printable(folder)));
}

// A child of the guardian may go up to its own hard limit; each table then holds as many.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

// One thread with its own table of descriptors.
class UnnamedFiles::Table {
 public:
  struct Filled {
    std::uint64_t count = 0;
    int problem = 0;  // errno; EMFILE only when the table took nothing
  };

  Table(const std::string& folder, std::uint64_t wanted, const std::stop_token& stop) {
    std::promise<Filled> filled;
    filled_ = filled.get_future();
    thread_ = std::jthread(
        [folder, wanted, stop, told = std::move(filled)](const std::stop_token& leave) mutable {
          Filled result;
          if (::unshare(CLONE_FILES) != 0) result.problem = errno;
          while (result.problem == 0 && result.count < wanted && !stop.stop_requested() &&
                 !leave.stop_requested()) {
            if (open_unnamed(folder) < 0) {
              result.problem = errno;
            } else {
              ++result.count;
            }
          }
          if (result.problem == EMFILE && result.count > 0) result.problem = 0;
          told.set_value(result);
          // The descriptors close with the table, which goes with the thread.
          while (sys::sleep_until(sys::monotonic_now() + minutes(60), leave)) {
          }
        });
  }
  Filled wait() { return filled_.get(); }

 private:
  std::future<Filled> filled_;
  std::jthread thread_;
};

UnnamedFiles::UnnamedFiles() = default;
UnnamedFiles::UnnamedFiles(UnnamedFiles&&) noexcept = default;
UnnamedFiles& UnnamedFiles::operator=(UnnamedFiles&&) noexcept = default;
UnnamedFiles::~UnnamedFiles() = default;

Result<sys::Fd> open_unnamed_file(const std::string& folder, int flags) {
  sys::Fd fd(open_unnamed(folder, flags));
  if (!fd.valid()) return refusal(errno, folder);
  return fd;
}

Result<bool> UnnamedFiles::add(const std::string& folder, std::uint64_t count,
                               const std::stop_token& stop) {
  raise_descriptor_limit();
  const std::uint64_t goal = count_ + count;
  while (count_ < goal && !stop.stop_requested()) {
    try {
      tables_.push_back(std::make_unique<Table>(folder, goal - count_, stop));
    } catch (const std::system_error& problem) {
      return errno_error(problem.code().value(), "starting a thread to hold files");
    }
    const Table::Filled filled = tables_.back()->wait();
    count_ += filled.count;
    if (filled.problem == ENFILE) {
      return error(Code::failed,
                   fmt::format("the host's limit on open files was reached after {}", count_),
                   "ask for fewer, or raise /proc/sys/fs/file-max");
    }
    if (filled.problem == ENOSPC) return false;
    if (filled.problem != 0) return refusal(filled.problem, folder);
  }
  return true;
}

}  // namespace squall::change
