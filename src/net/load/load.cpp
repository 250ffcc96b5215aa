#include "net/load/load.h"

#include <algorithm>
#include <optional>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <fmt/core.h>

#include "core/text.h"
#include "net/load/reactor.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/network_namespace.h"

namespace squall::net {
namespace {

// What one thread can send with ease; fewer threads leave more of the host to the target.
constexpr double rate_of_one_thread = 20'000;
// From making the threads until the first request.
constexpr Duration head_start = milliseconds(1);
constexpr Duration hello_limit = seconds(5);

std::int64_t threads_for(const LoadOrder& order) {
  const auto wanted = static_cast<std::int64_t>(order.rate.per_second / rate_of_one_thread) + 1;
  const std::int64_t cores = std::max(1U, std::thread::hardware_concurrency());
  return std::min({wanted, cores, order.connections, order.count});
}

Error out_of_bounds(std::string_view what, const std::string& asked, const std::string& bounds) {
  return error(Code::invalid, fmt::format("{}: {} is out of bounds", what, asked),
               fmt::format("allowed: {}", bounds));
}

// Errors: the target lets nobody in.
Status say_hello(Connection& connection, const LoadProtocol& protocol, sys::Patience& patience) {
  const std::unique_ptr<LoadReader> reader = protocol.make_reader();
  TRY_VOID(connection.write_all(protocol.hello(), patience));
  for (int left = protocol.hello_answers(); left > 0;) {
    const std::string piece = TRY(connection.read_some(4096, patience));
    if (piece.empty()) {
      return error(Code::refused, fmt::format("{} hung up at the greeting", connection.peer()));
    }
    for (std::string_view rest = piece; !rest.empty();) {
      const LoadAnswer answer = reader->take(rest);
      rest.remove_prefix(answer.used);
      if (answer.state == LoadAnswer::State::unfinished) continue;
      if (answer.state == LoadAnswer::State::nonsense) {
        return error(Code::conflict, fmt::format("{} speaks another protocol", connection.peer()),
                     "look whether the port is the right one");
      }
      if (answer.verdict == LoadVerdict::rejected) {
        return error(Code::refused, fmt::format("{} rejected the greeting", connection.peer()),
                     "look whether it wants a password, and whether this one is right");
      }
      --left;
    }
  }
  return ok();
}

}  // namespace

Status check_order(const LoadOrder& order) {
  using Limits = LoadLimits;
  if (!(order.rate.per_second > 0 && order.rate.per_second <= Limits::rate_max)) {
    return out_of_bounds("rate", render(order.rate), "above 0 /s, up to 1000000 /s");
  }
  if (order.connections < 1 || order.connections > Limits::connections_max) {
    return out_of_bounds("connections", std::to_string(order.connections), "1 to 10000");
  }
  if (order.count < 1 || order.count > Limits::count_max) {
    return out_of_bounds("count", std::to_string(order.count), "1 to 1000000000");
  }
  if (order.duration <= Duration{} || order.duration > Limits::duration_max) {
    return out_of_bounds("duration", render(order.duration), "above 0 s, up to 60 min");
  }
  if (order.timeout < milliseconds(1) || order.timeout > Limits::timeout_max) {
    return out_of_bounds("timeout", render(order.timeout), "1 ms to 1 min");
  }
  if (order.invalid.fraction < 0 || order.invalid.fraction > 1) {
    return out_of_bounds("invalid", render(order.invalid), "0 % to 100 %");
  }
  return ok();
}

std::string_view LoadTally::name(Fate fate) {
  static constexpr std::array<std::string_view, fates> names{
      "accepted", "redirected", "rejected", "failed",  "refused",
      "cut",      "timed_out",  "nonsense", "dropped", "abandoned"};
  return names[fate];
}

std::int64_t LoadTally::sum(Fate fate) const {
  std::int64_t sum = valid[fate];
  for (const Fates& form : invalid) sum += form[fate];
  return sum;
}

std::int64_t LoadTally::answered() const {
  return sum(accepted) + sum(redirected) + sum(rejected) + sum(failed);
}

void LoadTally::add(const LoadTally& other) {
  due += other.due;
  sent += other.sent;
  connections += other.connections;
  invalid.resize(std::max(invalid.size(), other.invalid.size()));
  for (std::size_t fate = 0; fate < fates; ++fate) valid[fate] += other.valid[fate];
  for (std::size_t form = 0; form < other.invalid.size(); ++form) {
    for (std::size_t fate = 0; fate < fates; ++fate) {
      invalid[form][fate] += other.invalid[form][fate];
    }
  }
  latency.add(other.latency);
  lateness.add(other.lateness);
  took = std::max(took, other.took);
}

struct Load::Worker {
  std::unique_ptr<LoadReactor> reactor;
  LoadTally tally;
  std::jthread thread;
};

Load::Load(LoadOrder order, std::unique_ptr<LoadProtocol> protocol)
    : order_(std::move(order)), protocol_(std::move(protocol)) {}

Load::~Load() {
  stop();
}

Result<std::unique_ptr<Load>> Load::start(LoadOrder order, std::unique_ptr<LoadProtocol> protocol,
                                          std::stop_token stop) {
  TRY_VOID(check_order(order));
  if (order.invalid.fraction > 0 && protocol->invalid_forms().empty()) {
    return error(Code::invalid, "invalid: there is no invalid form of these requests");
  }
  std::unique_ptr<Load> load(new Load(std::move(order), std::move(protocol)));
  sys::Patience patience(std::min(hello_limit, load->order_.timeout * 4), stop);
  {
    Connection first = TRY(Connection::open(load->order_.endpoint, patience));
    TRY_VOID(say_hello(first, *load->protocol_, patience));
    load->address_ = TRY(first.peer_address());
  }
  TRY_VOID(load->start_threads());
  return load;
}

Status Load::start_threads() {
  if (!order_.endpoint.network_namespace.empty()) {
    namespace_ = TRY(sys::open_file(order_.endpoint.network_namespace, O_RDONLY | O_NONBLOCK),
                     "opening the network namespace");
  }
  const std::int64_t threads = threads_for(order_);
  const Duration start = sys::monotonic_now() + head_start;
  for (std::int64_t i = 0; i < threads; ++i) {
    const std::int64_t share = order_.connections / threads + (i < order_.connections % threads);
    auto worker = std::make_unique<Worker>();
    worker->reactor =
        TRY(LoadReactor::make(order_, *protocol_, address_,
                              {.index = i, .of = threads, .start = start, .connections = share}));
    workers_.push_back(std::move(worker));
  }
  try {
    for (const std::unique_ptr<Worker>& worker : workers_) {
      worker->thread = std::jthread([this, one = worker.get()](std::stop_token stop) {
        // Each thread enters by itself; none of them ever does anything else.
        if (namespace_.valid() && !sys::enter_network_namespace(namespace_.get()).ok()) return;
        one->tally = one->reactor->run(std::move(stop));
      });
    }
  } catch (const std::system_error& problem) {
    return errno_error(problem.code().value(), "starting the threads of a load");
  }
  return ok();
}

std::int64_t Load::sent() const {
  std::int64_t sum = 0;
  for (const std::unique_ptr<Worker>& worker : workers_) sum += worker->reactor->sent();
  return sum;
}

const LoadTally& Load::wait() {
  if (!tally_) {
    tally_.emplace();
    for (const std::unique_ptr<Worker>& worker : workers_) {
      if (worker->thread.joinable()) worker->thread.join();
      tally_->add(worker->tally);
    }
  }
  return *tally_;
}

void Load::request_stop() {
  for (const std::unique_ptr<Worker>& worker : workers_) worker->thread.request_stop();
}

const LoadTally& Load::stop() {
  request_stop();
  return wait();
}

}  // namespace squall::net
