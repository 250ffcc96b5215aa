// limit_data: the connection is closed after so many bytes.
//
// What a connection has used up of its limit outlives a change of the toxic.
#include <algorithm>

#include "proxy/toxics/holding.h"

namespace squall::proxy {
namespace {

using param::field;

struct LimitData {
  std::int64_t bytes = 0;
};

const param::Table<LimitData> table{{
    field("bytes", &LimitData::bytes,
          {.about = "How many bytes get through.", .min = 0, .max = size_max}),
}};

class LimitDataStage final : public Stage {
 public:
  LimitDataStage(const LimitData& attributes, const Start&) : limit_(attributes.bytes) {}

  void take(Chunk chunk, Duration, Outlet& out) override {
    const std::int64_t left = std::max<std::int64_t>(limit_ - passed_, 0);
    if (static_cast<std::int64_t>(chunk.data.size()) > left) {
      chunk.data.resize(static_cast<std::size_t>(left));
    }
    passed_ += static_cast<std::int64_t>(chunk.data.size());
    if (!chunk.data.empty()) out.pass(std::move(chunk));
    if (passed_ >= limit_) out.cut();
  }
  void take_end(Duration, Outlet& out) override { out.pass_end(); }
  void adopt(Stage& before) override { passed_ = static_cast<LimitDataStage&>(before).passed_; }

 private:
  std::int64_t limit_;
  std::int64_t passed_ = 0;
};

}  // namespace

extern const Kind kind_limit_data;
const Kind kind_limit_data = kind_of<LimitData, LimitDataStage>(
    table, {.name = "limit_data", .about = "Closes the connection after so many bytes."});

}  // namespace squall::proxy
