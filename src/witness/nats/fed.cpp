// nats.fed: sees whether many more messages come on a NATS subject than before.
//
// It is a subscriber like any other: what it counts was really handed out by the server. It takes
// part in no queue group, so it takes nothing away from anybody.
#include <fmt/core.h>

#include "net/nats.h"
#include "sys/clock.h"
#include "witness/arrival_meter.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

struct Target : param::ServicePlace {
  std::string subject;
  Rate rate;
};

const param::Table<Target> table{param::with_place<Target>({
    param::field("subject", &Target::subject, {.about = "Where they come.", .required = true}),
    param::field(
        "rate", &Target::rate,
        {.about = "How many messages should come on top.", .required = true, .min = Rate{0.1}}),
})};

constexpr Duration every = milliseconds(20);
constexpr Duration opening_limit = seconds(2);

class Fed final : public Witness {
 public:
  Fed(const Target& target, net::NatsSubscription subscription)
      : subscription_(std::move(subscription)), meter_(target.rate, "messages") {}

  Result<Sighting> look() override {
    TRY_VOID(read());
    return meter_.sight();
  }

  Status settle() {
    TRY_VOID(read());
    const Duration end = sys::monotonic_now() + meter_.settling();
    for (Duration next = sys::monotonic_now() + every; next <= end; next = next + every) {
      sys::sleep_until(next);
      TRY_VOID(read());
    }
    return meter_.settle();
  }

 private:
  Status read() {
    const std::uint64_t count = TRY(subscription_.count());
    meter_.add(sys::monotonic_now(), count);
    return ok();
  }

  net::NatsSubscription subscription_;
  ArrivalMeter meter_;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  sys::Patience patience(opening_limit);
  auto witness = std::make_unique<Fed>(
      target, TRY(net::NatsSubscription::open(target, target.subject, patience)));
  TRY_VOID(witness->settle());
  return witness;
}

}  // namespace

extern const Kind kind_nats_fed;
const Kind kind_nats_fed = kind_of<Target>({
    .name = "nats.fed",
    .about = "Whether more messages come on a subject than before, told by subscribing to it.",
    .dose_unit = "messages a second",
    .every = every,
    .comes_and_goes = true,
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
