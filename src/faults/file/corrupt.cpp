// file.corrupt: some bytes of a file are wrong, as after bit rot, a torn write or a bad cable.
//
// Which bytes, and what they become, follows from the seed. The new value is the old one XOR
// something that is not zero, so every chosen byte really changes, whatever it was. The file is
// written in place: same inode, same length, and programs that hold it open read the damage.
#include <algorithm>

#include <fmt/core.h>

#include "core/text.h"
#include "faults/files.h"
#include "faults/needs.h"
#include "faults/typed.h"

namespace squall::fault {
namespace {

enum class Mode { random, flip };

struct Corrupt {
  std::string path;
  std::int64_t bytes = 16;
  Mode mode = Mode::random;
  Bytes start;
  Bytes end;
};

const param::Table<Corrupt> table{{
    param::field("path", &Corrupt::path,
                 {.about = "The file, with its full path.", .required = true}),
    param::field("bytes", &Corrupt::bytes,
                 {.about = "How many bytes are damaged, spread evenly over the region.",
                  .min = 1,
                  .max = 4096,
                  .typical_low = 1,
                  .typical_high = 64}),
    param::choice("mode", &Corrupt::mode, {{"random", Mode::random}, {"flip", Mode::flip}},
                  "random: each becomes any other value; flip: one bit of each is turned over."),
    param::field("start", &Corrupt::start, {.about = "Where the region begins."}),
    param::field("end", &Corrupt::end,
                 {.about = "Where the region ends (exclusive); 0 B means the end of the file."}),
}};

std::vector<sys::Need> needs(const sys::HostFacts&) {
  return {note("write permission on the file")};
}

Status check(const Corrupt& corrupt) {
  TRY_VOID(check_full_path("path", corrupt.path));
  if (corrupt.end.count != 0 && corrupt.end <= corrupt.start) {
    return error(Code::invalid, "end: the region ends before it begins",
                 "give an end beyond the start, or leave it out for the end of the file");
  }
  return ok();
}

Wants wants(const Corrupt& corrupt) {
  return {.files = {corrupt.path}};
}

// One byte in each of `bytes` equal parts of the region: never twice the same, and spread out.
json::array patches(const Corrupt& corrupt, std::uint64_t size, const Choices& choices,
                    std::uint64_t ordinal) {
  const auto count = static_cast<std::uint64_t>(corrupt.bytes);
  json::array made;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t begin = size / count * i + std::min(i, size % count);
    const std::uint64_t length = size / count + (i < size % count ? 1 : 0);
    const std::uint64_t within =
        choices.below(length, corrupt.path, fmt::format("offset {}", i), ordinal);
    const std::string decision = fmt::format("value {}", i);
    const std::uint64_t mask = corrupt.mode == Mode::flip
                                   ? 1ULL << choices.below(8, corrupt.path, decision, ordinal)
                                   : 1 + choices.below(255, corrupt.path, decision, ordinal);
    made.push_back({{"offset", static_cast<std::int64_t>(corrupt.start.count + begin + within)},
                    {"xor", to_base64(std::string(1, static_cast<char>(mask)))}});
  }
  return made;
}

Result<Strike> plan(const Corrupt& corrupt, const Facts& facts, const Choices& choices,
                    std::uint64_t ordinal) {
  const FileFacts file = TRY(existing_file(facts, corrupt.path));
  const std::uint64_t end = corrupt.end.count == 0 ? file.size : corrupt.end.count;
  if (end > file.size || corrupt.start.count >= end) {
    return error(Code::invalid,
                 fmt::format("{} has {} bytes; the region {} to {} is not within it",
                             printable(corrupt.path), file.size, corrupt.start.count, end),
                 "choose `start` and `end` within the file");
  }
  const std::uint64_t size = end - corrupt.start.count;
  if (static_cast<std::uint64_t>(corrupt.bytes) > size) {
    return error(
        Code::invalid,
        fmt::format("bytes: {} are to be damaged, the region has only {}", corrupt.bytes, size),
        fmt::format("use at most {}", size));
  }
  return Strike{.changes = {{"file.bytes",
                             {{"path", corrupt.path},
                              {"patches", patches(corrupt, size, choices, ordinal)}}}},
                .watches = {{"file.changed", {{"path", corrupt.path}}}},
                .target = fmt::format("{} of {} bytes of {}", corrupt.bytes, file.size,
                                      printable(corrupt.path))};
}

}  // namespace

extern const Kind kind_file_corrupt;
const Kind kind_file_corrupt = kind_of<Corrupt>({
    .name = "file.corrupt",
    .summary = "Some bytes of a file are wrong while its length and name stay.",
    .mechanism =
        "Bytes chosen by the seed are overwritten in place, each with a value that surely differs "
        "from the old one. Readers see it at once, also those who hold the file open or mapped, "
        "because they share the page cache.",
    .undo =
        "The old bytes are put back; the modification time stays as it was all along. They are in "
        "the journal beforehand: if squall dies or the host reboots, the guardian or the next "
        "start of squall writes them. Bytes that somebody else rewrote meanwhile are reported "
        "and left.",
    .limits = "A program that has read the file into its own memory sees nothing until it reads "
              "again. A program that writes the file meanwhile may write the damage back after the "
              "end, or copy it elsewhere (backups, replicas): what was derived from wrong bytes is "
              "not undone. Damage below the file system, such as an unreadable sector, is another "
              "fault.",
    .example = R"({"path": "/var/lib/redis/dump.rdb", "bytes": 16})",
    .table = &table,
    .needs = needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
