// nats.fed: sees whether many more messages come on a NATS subject than before.
//
// It is a subscriber like any other: what it counts was really handed out by the server. It takes
// part in no queue group, so it takes nothing away from anybody.
#include <memory>

#include "net/nats.h"
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

constexpr Duration opening_limit = seconds(2);

Result<std::unique_ptr<Witness>> open(const Target& target) {
  sys::Patience patience(opening_limit);
  const auto subscription = std::make_shared<net::NatsSubscription>(
      TRY(net::NatsSubscription::open(target, target.subject, patience)));
  return watch_arrivals(target.rate, "messages", [subscription] { return subscription->count(); });
}

}  // namespace

extern const Kind kind_nats_fed;
const Kind kind_nats_fed = kind_of<Target>({
    .name = "nats.fed",
    .about = "Whether more messages come on a subject than before, told by subscribing to it.",
    .dose_unit = "messages a second",
    .every = arrivals_every,
    .comes_and_goes = true,
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
