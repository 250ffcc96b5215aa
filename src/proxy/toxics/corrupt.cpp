// corrupt: some bytes arrive as others. Ours; Toxiproxy has none like it.
//
// The gaps between the bytes that are hit are drawn from the geometric distribution of the share,
// by their ordinal on the connection. So it does not matter in which pieces the data came: the same
// seed hits the same bytes. TCP's own checksum is right: what reads the data has to notice.
#include <algorithm>
#include <cmath>

#include "proxy/toxics/holding.h"

namespace squall::proxy {
namespace {

using param::field;

struct Corrupt {
  double share = 0.001;
};

const param::Table<Corrupt> table{{
    field("share", &Corrupt::share,
          {.about = "Share of the bytes that are changed, 0 to 1.", .min = 0.0, .max = 1.0}),
}};

class CorruptStage final : public Stage {
 public:
  CorruptStage(const Corrupt& attributes, const Start& start)
      : share_(attributes.share), choices_(start.choices), left_(gap()) {}

  void take(Chunk chunk, Duration, Outlet& out) override {
    std::size_t at = 0;
    while (chunk.data.size() - at > left_) {
      at += left_;
      const std::uint64_t change = 1 + choices_.below(255, "", "change", ordinal_++);
      chunk.data[at] = static_cast<char>(static_cast<unsigned char>(chunk.data[at]) ^ change);
      ++at;
      left_ = gap();
    }
    left_ -= chunk.data.size() - at;
    out.pass(std::move(chunk));
  }
  void take_end(Duration, Outlet& out) override { out.pass_end(); }

 private:
  // Bytes that pass as they are before the next one that does not.
  std::uint64_t gap() const {
    if (share_ <= 0) return UINT64_MAX;
    if (share_ >= 1) return 0;
    const double unit = choices_.unit("", "gap", ordinal_);
    return static_cast<std::uint64_t>(std::min(std::log1p(-unit) / std::log1p(-share_), 1e18));
  }

  double share_;
  Choices choices_;
  std::uint64_t ordinal_ = 0;
  std::uint64_t left_;
};

}  // namespace

extern const Kind kind_corrupt;
const Kind kind_corrupt = kind_of<Corrupt, CorruptStage>(
    table, {.name = "corrupt", .about = "Changes a share of the bytes."});

}  // namespace squall::proxy
