// What becomes of each operation on an overlaid folder: the rule, and the seeded choice of which
// operations it hits. No I/O.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/duration.h"
#include "core/result.h"
#include "core/units.h"

namespace squall::reach {

// What can be asked of files, as far as a rule tells it apart.
enum class FileWork {
  read,
  write,
  sync,           // fsync, fdatasync, and syncs of folders
  open,           // for reading only
  open_to_write,  // also to make
  names,          // make, rename, link and remove; owners, modes, times, sizes
};
inline constexpr std::size_t file_works = 6;

enum class OverlayEffect {
  fail,  // the operation gets an error
  wait,  // it is only late
  tear,  // of a write only the first part lands, and it is acknowledged whole
  lose,  // a write is acknowledged, and nothing of it lands
  hold,  // a write is acknowledged and lands with the next sync of its file, or never
};

struct OverlayRule {
  OverlayEffect effect = OverlayEffect::fail;
  int error = 0;  // errno, for fail
  std::array<bool, file_works> works{};
  std::string files;  // '*' and '?' over the path below the folder; empty = all
  Share share{1};
  Duration delay;  // of what is hit, before the rest of its fate
  std::uint64_t seed = 0;
};

// "read", "write", "sync", "open", "open_to_write", "names". Code::invalid for others.
Result<std::array<bool, file_works>> parse_works(const std::vector<std::string>& words);
// "EIO" and the like, those that a disk or its filesystem gives. Code::invalid for others.
Result<int> parse_file_error(const std::string& name);

struct Fate {
  int error = 0;
  Duration delay;
  std::optional<std::uint64_t> lands;  // of a write: so many bytes from its start; nothing = all
  bool is_held = false;                // of a write: it waits for the next sync
};

// How many operations of each sort a file of that name has seen.
struct FileCounts {
  std::string path;  // below the folder
  std::array<std::atomic<std::uint64_t>, file_works> numbers{};
};

// Chooses by (seed, path, sort of work, its number for this path): what others do with other files
// changes nothing. May be asked from several threads.
class OverlayJudge {
 public:
  explicit OverlayJudge(const OverlayRule& rule) : rule_(rule) {}

  // nullptr for a file that the rule does not mean. The counts of the 2048 paths used last are
  // remembered, and go on when a file is made anew under its name.
  std::shared_ptr<FileCounts> counts_of(std::string_view path);
  Fate decide(FileWork work, FileCounts* counts, std::uint64_t size = 0);
  // From now on every operation passes.
  void rest() { is_resting_ = true; }

  std::uint64_t asked() const { return asked_; }  // operations that the rule names
  std::uint64_t hit() const { return hit_; }

 private:
  using Known = std::unordered_map<std::string, std::shared_ptr<FileCounts>>;

  OverlayRule rule_;
  std::atomic<bool> is_resting_ = false;
  std::atomic<std::uint64_t> asked_ = 0;
  std::atomic<std::uint64_t> hit_ = 0;
  std::mutex mutex_;
  Known recent_;
  Known older_;
};

}  // namespace squall::reach
