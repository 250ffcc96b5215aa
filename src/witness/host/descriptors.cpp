// host.descriptors: sees how many more files of the host are open than when it was opened.
//
// /proc/sys/fs/file-nr is the kernel's own count over all processes; whose they are it does not
// tell, so other work on the host is counted too.
#include <algorithm>
#include <charconv>

#include <fmt/core.h>

#include "core/text.h"
#include "sys/file.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

struct Target {
  std::int64_t at_least = 0;
};

const param::Table<Target> table{{
    param::field(
        "at_least", &Target::at_least,
        {.about = "From how many more on the fault counts as seen.", .required = true, .min = 1}),
}};

struct Files {
  std::int64_t open = 0;
  std::int64_t most = 0;
};

// "allocated free maximum"
Result<Files> read_files() {
  const std::string text = TRY(sys::read_file("/proc/sys/fs/file-nr", 4096));
  const std::vector<std::string> words = split(trim(text), '\t');
  if (words.size() != 3) return error(Code::unsupported, "file-nr is not as the kernel writes it");
  Files files;
  std::from_chars(words[0].data(), words[0].data() + words[0].size(), files.open);
  std::from_chars(words[2].data(), words[2].data() + words[2].size(), files.most);
  return files;
}

class Descriptors final : public Witness {
 public:
  Descriptors(std::int64_t at_least, std::int64_t level) : at_least_(at_least), level_(level) {}

  Result<Sighting> look() override {
    const Files now = TRY(read_files());
    const std::int64_t more = std::max<std::int64_t>(0, now.open - level_);
    return Sighting{
        .on = more >= at_least_,
        .dose = static_cast<double>(more),
        .detail = fmt::format("{} more files open, {} of {} in all", more, now.open, now.most)};
  }

 private:
  std::int64_t at_least_;
  std::int64_t level_;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  const Files now = TRY(read_files());
  return std::make_unique<Descriptors>(target.at_least, now.open);
}

}  // namespace

extern const Kind kind_host_descriptors;
const Kind kind_host_descriptors = kind_of<Target>({
    .name = "host.descriptors",
    .about = "How many more files are open on the host than before, told by the kernel's count.",
    .dose_unit = "descriptors",
    .every = milliseconds(5),
    .comes_and_goes = true,
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
