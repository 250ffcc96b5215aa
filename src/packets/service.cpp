#include "packets/service.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "packets/mangle.h"

namespace squall::packets {
namespace {

// Room for so many packets a second, for as long as one may wait. What exceeds it passes.
constexpr double packets_per_second = 100'000;
constexpr std::size_t room_min = 1024;
constexpr std::size_t room_max = 65'535;

// Queues of other programs have small numbers.
constexpr std::uint16_t first_number = 20'000;
constexpr std::uint16_t numbers = 40'000;

constexpr std::uint32_t whole_packet = 0xFFFF;
constexpr std::uint32_t only_length = 1;
// What every link takes (RFC 8200); a longer datagram may need to be cut, which only the kernel
// does.
constexpr std::size_t safe_length = 1280;

bool goes_out(const Engine::Options& options) {
  return std::any_of(options.rules.begin(), options.rules.end(), [](const sys::NftRule& rule) {
    return rule.direction != sys::NftDirection::in;
  });
}

bool sends_copies(const Engine::Options& options) {
  const Treatment& treatment = options.treatment;
  return treatment.duplicate.fraction > 0 ||
         (goes_out(options) && treatment.longest().nanoseconds > 0);
}

QueueSetting setting_of(const Engine::Options& options) {
  const Treatment& treatment = options.treatment;
  const std::uint64_t place = options.choices.below(numbers, "", "queue", 0);
  QueueSetting setting{.number = static_cast<std::uint16_t>(first_number + place),
                       .length_max = static_cast<std::uint32_t>(Engine::room_for(treatment)),
                       .whole_segments = !treatment.draws() && !sends_copies(options)};
  if (sends_copies(options) || treatment.copies()) {
    setting.copied_bytes = whole_packet;
  } else if (treatment.bits_per_second > 0) {
    setting.copied_bytes = only_length;
  }
  return setting;
}

bool is_tcp(std::string_view packet) {
  const unsigned version = packet.empty() ? 0 : static_cast<unsigned char>(packet[0]) >> 4U;
  const std::size_t protocol = version == 4 ? 9 : 6;
  return packet.size() > protocol && packet[protocol] == '\x06';
}

}  // namespace

std::size_t Engine::room_for(const Treatment& treatment) {
  const double waiting = packets_per_second * treatment.longest().seconds();
  return std::clamp(static_cast<std::size_t>(waiting), room_min, room_max);
}

Result<std::unique_ptr<Engine::Service>> Engine::Service::open(const Options& options) {
  Queue queue = TRY(Queue::open(setting_of(options), options.netns_fd));
  std::unique_ptr<Service> service(new Service(std::move(queue), options));
  if (sends_copies(options)) service->sender_ = TRY(Sender::open(options.netns_fd));
  return service;
}

// Bits of the upper half: container networks use those of the lower one.
Engine::Service::Service(Queue queue, const Options& options)
    : queue_(std::move(queue)),
      treatment_(options.treatment),
      arriving_(options.treatment, options.choices, "in"),
      leaving_(options.treatment, options.choices, "out"),
      mark_(1U << (16U + queue_.number() % 16U)) {
  account_.room = room_for(treatment_);
}

bool Engine::Service::take_in(Duration now) {
  if (!queue_.receive(arrivals_)) return false;
  for (const Queued& packet : arrivals_.packets) treat(packet, now);
  return true;
}

bool Engine::Service::must_be_copied(const Queued& packet) const {
  return sender_ && packet.is_leaving && packet.bytes.size() == packet.length &&
         (is_tcp(packet.bytes) || packet.length <= safe_length);
}

Engine::Service::Waiting Engine::Service::waiting_of(const Queued& packet, const Fate& fate) {
  Waiting waiting{.id = packet.id};
  if (packet.is_leaving) waiting.mark = packet.mark | mark_;
  if (fate.corruption) {
    std::string bytes(packet.bytes);
    const Mangling mangling{.choice = *fate.corruption,
                            .repairs_checksum = treatment_.repairs_checksum};
    if (mangle(bytes, mangling)) {
      ++account_.corrupted;
      waiting.bytes = std::move(bytes);
    }
  }
  return waiting;
}

void Engine::Service::treat(const Queued& packet, Duration now) {
  ++account_.packets;
  const Fate fate = (packet.is_leaving ? leaving_ : arriving_).next(now, packet.length);
  if (fate.is_dropped) {
    ++account_.dropped;
    return queue_.decide({.id = packet.id, .is_dropped = true});
  }
  Waiting waiting = waiting_of(packet, fate);
  if (fate.is_duplicated && sender_) {
    ++account_.duplicated;
    line_.add({.mark = packet.mark | mark_,
               .device = packet.out_device,
               .is_copy = true,
               .bytes = std::string(packet.bytes)},
              fate.due);
  }
  if (fate.due <= now && fate.behind == 0) {
    line_.pass();
    return go_on(waiting);
  }
  if (must_be_copied(packet)) {
    waiting.is_copy = true;
    waiting.device = packet.out_device;
    if (waiting.bytes.empty()) waiting.bytes = packet.bytes;
    queue_.decide({.id = packet.id, .is_dropped = true});
  }
  ++(fate.behind > 0 ? account_.held_back : account_.delayed);
  if (fate.behind > 0) {
    line_.add_behind(std::move(waiting), fate.due, fate.behind);
  } else {
    line_.add(std::move(waiting), fate.due);
  }
  account_.waiting_most = std::max<std::uint64_t>(account_.waiting_most, line_.size());
}

void Engine::Service::go_on(const Waiting& waiting) {
  if (waiting.is_copy) {
    if (!sender_->send(waiting.bytes, {.mark = waiting.mark, .device = waiting.device})) {
      ++account_.unsent;
    }
    return;
  }
  Verdict verdict{.id = waiting.id, .mark = waiting.mark};
  if (!waiting.bytes.empty()) verdict.bytes = waiting.bytes;
  queue_.decide(verdict);
}

void Engine::Service::let_go(Duration now) {
  while (std::optional<std::pair<Waiting, Duration>> due = line_.take(now)) {
    account_.late.record(now - due->second);
    go_on(due->first);
  }
  queue_.flush();
}

void Engine::Service::let_all_go() {
  constexpr Duration never{std::numeric_limits<std::int64_t>::max()};
  while (std::optional<std::pair<Waiting, Duration>> next = line_.take(never)) go_on(next->first);
  queue_.flush();
}

}  // namespace squall::packets
