// file.changed: sees whether a file holds something else than it held before.
//
// The content itself is compared, again and again: size and modification time prove nothing, since
// whoever changes a file can keep both. The path is opened anew each time, so a file that another
// one took the place of counts as changed. Small files are kept in memory and compared byte by
// byte; of large ones a digest of each block is kept, and the dose is then an upper bound.
//
// Reading costs: a look takes place at most a quarter of the time. Looks in between repeat the last
// answer and say how old it is.
#include <algorithm>

#include <fcntl.h>
#include <fmt/core.h>

#include "core/digest.h"
#include "core/text.h"
#include "core/units.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

struct Target {
  std::string path;
};

const param::Table<Target> table{{
    param::field("path", &Target::path, {.about = "The file.", .required = true}),
}};

constexpr std::size_t block_size = 64 << 10;
constexpr std::size_t kept_blocks = 64;  // files of up to 4 MiB are kept as they are
constexpr std::int64_t rest_factor = 3;  // rests three times as long as it read

// The file as a list of blocks: their bytes while the file is small, else their digests.
struct Image {
  std::vector<std::string> blocks;
  std::uint64_t size = 0;
  bool digested = false;
};

void add_block(Image& image, std::string block) {
  image.size += block.size();
  if (!image.digested && image.blocks.size() == kept_blocks) {
    for (std::string& kept : image.blocks) kept = sha256_hex(kept);
    image.digested = true;
  }
  image.blocks.push_back(image.digested ? sha256_hex(block) : std::move(block));
}

Result<Image> read_image(const std::string& path) {
  const sys::Fd fd = TRY(sys::open_regular_file(path));
  Image image;
  while (true) {
    std::string block = TRY(sys::read_at(fd, image.size, block_size), "reading " + path);
    if (block.empty()) return image;
    const bool is_last = block.size() < block_size;
    add_block(image, std::move(block));
    if (is_last) return image;
  }
}

// Bytes that differ; where only digests are known, all bytes of the blocks that differ.
std::uint64_t difference(const Image& before, const Image& now) {
  std::uint64_t bytes = 0;
  const std::size_t blocks = std::max(before.blocks.size(), now.blocks.size());
  for (std::size_t i = 0; i < blocks; ++i) {
    static const std::string none;
    const std::string& old_block = i < before.blocks.size() ? before.blocks[i] : none;
    const std::string& new_block = i < now.blocks.size() ? now.blocks[i] : none;
    if (old_block == new_block) continue;
    if (before.digested || now.digested) {
      bytes += block_size;
      continue;
    }
    const std::size_t common = std::min(old_block.size(), new_block.size());
    bytes += std::max(old_block.size(), new_block.size()) - common;
    for (std::size_t k = 0; k < common; ++k) bytes += old_block[k] != new_block[k] ? 1 : 0;
  }
  return std::min(bytes, std::max(before.size, now.size));
}

class Changed final : public Witness {
 public:
  Changed(std::string path, Image before) : path_(std::move(path)), before_(std::move(before)) {}

  Result<Sighting> look() override {
    const Duration begun = sys::monotonic_now();
    if (last_ && begun < rest_until_) {
      Sighting repeated = *last_;
      repeated.oldest = begun - last_begun_;
      repeated.newest = begun - last_ended_;
      return repeated;
    }
    last_ = TRY(compare());
    last_begun_ = begun;
    last_ended_ = sys::monotonic_now();
    rest_until_ = last_ended_ + (last_ended_ - begun) * rest_factor;
    return *last_;
  }

 private:
  Result<Sighting> compare() const {
    Result<Image> now = read_image(path_);
    if (!now.ok() && now.error().code == Code::not_found) {
      return Sighting{
          .on = true, .dose = static_cast<double>(before_.size), .detail = "the file is gone"};
    }
    if (!now.ok()) return std::move(now).error();
    const std::uint64_t bytes = difference(before_, *now);
    // An emptied or filled file may differ in no common byte, but then it differs in size.
    const bool on = bytes > 0 || now->size != before_.size;
    return Sighting{
        .on = on,
        .dose = static_cast<double>(bytes),
        .detail = on ? fmt::format("{}{} of {} bytes differ", before_.digested ? "at most " : "",
                                   bytes, std::max(before_.size, now->size))
                     : "as it was"};
  }

  std::string path_;
  Image before_;
  std::optional<Sighting> last_;
  Duration last_begun_;
  Duration last_ended_;
  Duration rest_until_;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  return std::make_unique<Changed>(target.path, TRY(read_image(target.path)));
}

}  // namespace

extern const Kind kind_file_changed;
const Kind kind_file_changed = kind_of<Target>({
    .name = "file.changed",
    .about = "Whether the content of the file differs from what it was, told by reading all of it.",
    .dose_unit = "bytes",
    .every = milliseconds(5),
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
