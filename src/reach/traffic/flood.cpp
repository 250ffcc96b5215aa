// traffic.flood: serves an open-loop load (net/load/load.h) until told to end. When its count is
// reached it goes on in silence, so that the change stays in force as long as it was asked for.
#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "core/text.h"
#include "net/load/load.h"
#include "reach/traffic/say.h"
#include "reach/typed.h"
#include "sys/clock.h"

namespace squall::reach {
namespace {

struct Flood {
  std::string protocol;
  std::string host;
  std::int64_t port = 0;
  std::string network_namespace;
  Rate rate;
  std::int64_t connections = 1;
  std::int64_t count = 1;
  std::int64_t rounds = 0;
  Duration duration;
  Duration timeout;
  Share invalid;
  std::int64_t seed = 0;
  json::value say;
};

const param::Table<Flood> table{{
    param::field("protocol", &Flood::protocol, {.about = "http, redis or nats.", .required = true}),
    param::field("host", &Flood::host, {.about = "Where.", .required = true}),
    param::field("port", &Flood::port, {.about = "Where.", .required = true}),
    param::field("namespace", &Flood::network_namespace, {.about = "From where."}),
    param::field("rate", &Flood::rate, {.about = "How many.", .required = true}),
    param::field("connections", &Flood::connections, {.about = "At once.", .required = true}),
    param::field("count", &Flood::count, {.about = "In all.", .required = true}),
    param::field("rounds", &Flood::rounds, {.about = "Of all malformed forms; 0 = by count."}),
    param::field("duration", &Flood::duration, {.about = "At most.", .required = true}),
    param::field("timeout", &Flood::timeout, {.about = "Of an answer.", .required = true}),
    param::field("invalid", &Flood::invalid, {.about = "The malformed part.", .required = true}),
    param::field("seed", &Flood::seed, {.about = "Of the choices.", .required = true}),
    param::field("say", &Flood::say, {.about = "What is sent.", .required = true}),
}};

using Tally = net::LoadTally;

constexpr Duration first_limit = milliseconds(500);

void list_fate(std::string& text, std::int64_t number, Tally::Fate fate) {
  if (number == 0) return;
  std::string word(Tally::name(fate));
  std::replace(word.begin(), word.end(), '_', ' ');
  text += fmt::format("{}{} {}", text.empty() ? "" : ", ", number, word);
}

// "sql_injection: 3 rejected, 2 accepted (sql_in_query, sql_in_cookie)"
std::string by_family(const Tally& tally, const std::vector<net::LoadForm>& forms) {
  std::string text;
  for (std::size_t i = 0; i < forms.size();) {
    const std::string& family = forms[i].family;
    Tally::Fates sums{};
    std::array<std::string, Tally::fates> names;
    for (; i < forms.size() && forms[i].family == family; ++i) {
      for (std::size_t fate = 0; fate < Tally::fates; ++fate) {
        sums[fate] += tally.invalid[i][fate];
        if (tally.invalid[i][fate] == 0) continue;
        names[fate] += (names[fate].empty() ? "" : ", ") + forms[i].name;
      }
    }
    std::string line;
    for (std::size_t fate = 0; fate < Tally::fates; ++fate) {
      list_fate(line, sums[fate], static_cast<Tally::Fate>(fate));
      if (sums[fate] > 0) line += fmt::format(" ({})", names[fate]);
    }
    if (!line.empty()) text += fmt::format("; {}: {}", family, line);
  }
  return text;
}

std::string summary(const Tally& tally, const std::vector<net::LoadForm>& forms) {
  const double rate =
      tally.took > Duration{} ? static_cast<double>(tally.sent) / tally.took.seconds() : 0;
  std::string text = fmt::format("sent {} of {} due in {} ({:.0f} /s)", tally.sent, tally.due,
                                 render_rounded(tally.took), rate);
  std::string fates;
  for (std::size_t i = 0; i < Tally::fates; ++i) {
    const auto fate = static_cast<Tally::Fate>(i);
    list_fate(fates, tally.sum(fate), fate);
  }
  text += fmt::format(": {}", fates);
  if (tally.latency.count() > 0) {
    text += fmt::format("; latency median {}, 99 % {}", render_rounded(tally.latency.quantile(0.5)),
                        render_rounded(tally.latency.quantile(0.99)));
  }
  if (tally.lateness.count() > 0) {
    text += fmt::format("; sent late by 99 % {}", render_rounded(tally.lateness.quantile(0.99)));
  }
  return text + by_family(tally, forms);
}

class Flooding final : public Serving {
 public:
  Flooding(std::unique_ptr<net::Load> load, std::vector<net::LoadForm> forms)
      : load_(std::move(load)), forms_(std::move(forms)) {}
  std::string finish() override { return summary(load_->stop(), forms_); }

 private:
  std::unique_ptr<net::Load> load_;
  std::vector<net::LoadForm> forms_;
};

Result<std::unique_ptr<Serving>> serve(const Flood& flood) {
  net::LoadOrder order{
      .endpoint = {.host = flood.host,
                   .port = static_cast<int>(flood.port),
                   .network_namespace = flood.network_namespace},
      .rate = flood.rate,
      .connections = flood.connections,
      .count = flood.count,
      .duration = flood.duration,
      .timeout = flood.timeout,
      .invalid = flood.invalid,
      .seed = static_cast<std::uint64_t>(flood.seed),
  };
  std::unique_ptr<net::LoadProtocol> protocol =
      TRY(protocol_for(flood.protocol, flood.say, order.endpoint));
  std::vector<net::LoadForm> forms = protocol->invalid_forms();
  if (flood.rounds > 0) {
    order.count = std::min(flood.count, flood.rounds * static_cast<std::int64_t>(forms.size()));
  }
  std::unique_ptr<net::Load> load =
      TRY(net::Load::start(std::move(order), std::move(protocol)), "starting the load");
  // In force means that the first request has left.
  const Duration limit = sys::monotonic_now() + first_limit;
  while (load->sent() == 0 && sys::monotonic_now() < limit) {
    sys::sleep_until(sys::monotonic_now() + microseconds(100));
  }
  return std::make_unique<Flooding>(std::move(load), std::move(forms));
}

}  // namespace

extern const Verb verb_traffic_flood;
const Verb verb_traffic_flood = {
    .name = "traffic.flood",
    .about = "sends requests or messages at a rate of their own",
    .table = &table,
    .serve = serve_with<table, serve>,
};

}  // namespace squall::reach
