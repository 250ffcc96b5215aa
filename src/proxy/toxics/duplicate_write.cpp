// duplicate_write: some of what is written arrives more than once, as from a sender that repeats
// itself after a doubtful failure.
//
// A write is what one read of the proxy finds: a small message by itself, or up to 32 KiB of a
// bulk. TCP never repeats bytes, so this is a fault of applications and not of networks.
#include "proxy/toxics/toxic.h"

namespace squall::proxy {
namespace {

using param::field;

struct DuplicateWrite {
  double share = 1;
  std::int64_t copies = 1;
};

const param::Table<DuplicateWrite> table{{
    field("share", &DuplicateWrite::share,
          {.about = "Share of the writes that are repeated, 0 to 1.", .min = 0.0, .max = 1.0}),
    field("copies", &DuplicateWrite::copies,
          {.about = "How many more times each of them arrives.", .min = 1, .max = 16}),
}};

class DuplicateWriteStage final : public Stage {
 public:
  DuplicateWriteStage(const DuplicateWrite& attributes, const Start& start)
      : attributes_(attributes), choices_(start.choices) {}

  void take(Chunk chunk, Duration, Outlet& out) override {
    const bool is_repeated = choices_.unit("", "write", ordinal_++) < attributes_.share;
    for (std::int64_t i = 0; is_repeated && i < attributes_.copies; ++i) out.pass(chunk);
    out.pass(std::move(chunk));
  }
  void take_end(Duration, Outlet& out) override { out.pass_end(); }

 private:
  DuplicateWrite attributes_;
  Choices choices_;
  std::uint64_t ordinal_ = 0;
};

}  // namespace

extern const Kind kind_duplicate_write;
const Kind kind_duplicate_write = kind_of<DuplicateWrite, DuplicateWriteStage>(
    table, {.name = "duplicate_write", .about = "Repeats a share of the writes."});

}  // namespace squall::proxy
