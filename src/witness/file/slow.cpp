// file.slow: sees whether using a file takes at least a certain time.
//
// A child of the witness opens the file anew and reads from it, as any program would, and takes the
// time. Where only a part of the accesses is slow it tries several times. The dose is the mean time
// of the slow ones.
#include <fmt/core.h>

#include "core/text.h"
#include "witness/reader.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

struct Target {
  std::string path;
  Use on = Use::use;
  Duration at_least;
  std::int64_t attempts = 1;
};

const param::Table<Target> table{{
    param::field("path", &Target::path,
                 {.about = "The file, or a folder of which one file is tried.", .required = true}),
    param::choice("on", &Target::on, {{"open", Use::open}, {"read", Use::read}, {"use", Use::use}},
                  "What is tried."),
    param::field("at_least", &Target::at_least,
                 {.about = "What counts as slow.", .required = true, .min = milliseconds(1)}),
    param::field("attempts", &Target::attempts,
                 {.about = "How often in one look, until one is slow.", .min = 1, .max = 200}),
}};

class Slow final : public Witness {
 public:
  Slow(Target target, std::string file) : target_(std::move(target)), file_(std::move(file)) {}

  // One attempt after the other: the first slow one answers the question.
  Result<Sighting> look() override {
    const Duration limit = target_.at_least * 2 + milliseconds(500);
    Duration longest;
    for (std::int64_t i = 0; i < target_.attempts && longest < target_.at_least; ++i) {
      const std::vector<Attempt> made = TRY(try_file(file_, target_.on, 1, limit));
      if (made.empty()) return error(Code::failed, "the reader of the witness ended at once");
      if (made.front().error_number != 0) {
        return errno_error(made.front().error_number, "trying " + printable(file_));
      }
      longest = std::max(longest, made.front().took);
    }
    const bool on = longest >= target_.at_least;
    return Sighting{.on = on,
                    .dose = on ? longest.milliseconds() : 0,
                    .detail = fmt::format("took {}", render_rounded(longest))};
  }

 private:
  Target target_;
  std::string file_;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  return std::make_unique<Slow>(target, TRY(file_to_try(target.path)));
}

}  // namespace

extern const Kind kind_file_slow;
const Kind kind_file_slow = kind_of<Target>({
    .name = "file.slow",
    .about = "Whether using the file takes at least a certain time, told by a child that tries it.",
    .dose_unit = "milliseconds",
    .every = milliseconds(20),
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
