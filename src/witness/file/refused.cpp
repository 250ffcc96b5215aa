// file.refused: sees whether using a file fails with a certain error.
//
// A child of the witness opens the file anew and reads from it, as any program would. Where only a
// part of the accesses fails it tries several times, and the dose is the part that did.
#include <algorithm>
#include <cstring>

#include <fmt/core.h>

#include "core/text.h"
#include "witness/reader.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

struct Target {
  std::string path;
  Use on = Use::use;
  std::int64_t error_number = 0;
  std::int64_t attempts = 1;
};

const param::Table<Target> table{{
    param::field("path", &Target::path,
                 {.about = "The file, or a folder of which one file is tried.", .required = true}),
    param::choice("on", &Target::on, {{"open", Use::open}, {"read", Use::read}, {"use", Use::use}},
                  "What is tried."),
    param::field("error", &Target::error_number,
                 {.about = "The error number.", .required = true, .min = 1, .max = 255}),
    param::field("attempts", &Target::attempts,
                 {.about = "How often in one look.", .min = 1, .max = 200}),
}};

constexpr Duration patience = seconds(2);

class Refused final : public Witness {
 public:
  Refused(Target target, std::string file) : target_(std::move(target)), file_(std::move(file)) {}

  Result<Sighting> look() override {
    const std::vector<Attempt> made =
        TRY(try_file(file_, target_.on, target_.attempts, patience), "trying " + file_);
    if (made.empty()) return error(Code::failed, "the reader of the witness ended at once");
    const auto refused = std::count_if(made.begin(), made.end(), [&](const Attempt& attempt) {
      return attempt.error_number == target_.error_number;
    });
    const auto other = std::find_if(made.begin(), made.end(), [&](const Attempt& attempt) {
      return attempt.error_number != 0 && attempt.error_number != target_.error_number;
    });
    std::string detail = fmt::format("{} of {} attempts failed with {}", refused, made.size(),
                                     name_of(target_.error_number));
    if (other != made.end()) detail += ", one with " + name_of(other->error_number);
    return Sighting{.on = refused > 0,
                    .dose = static_cast<double>(refused) / static_cast<double>(made.size()),
                    .detail = detail};
  }

 private:
  static std::string name_of(std::int64_t number) {
    const char* name = ::strerrorname_np(static_cast<int>(number));
    return name == nullptr ? fmt::format("error {}", number) : name;
  }

  Target target_;
  std::string file_;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  return std::make_unique<Refused>(target, TRY(file_to_try(target.path)));
}

}  // namespace

extern const Kind kind_file_refused;
const Kind kind_file_refused = kind_of<Target>({
    .name = "file.refused",
    .about = "Whether using the file fails with a certain error, told by a child that tries it.",
    .dose_unit = "refused part of the attempts",
    .every = milliseconds(20),
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
