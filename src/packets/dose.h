// What becomes of each packet: a pure function of the treatment, the seed and the packets so far.
//
// Every draw is a hash of (seed, stream, decision, number of the packet), so that the same packets
// in the same order meet the same fate, and that asking for duplicates too does not change which
// packets are lost. Time enters only as `now`, and only into the instant at which a packet is due.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/choices.h"
#include "core/duration.h"
#include "packets/treatment.h"

namespace squall::packets {

struct Fate {
  bool is_dropped = false;
  bool is_duplicated = false;
  // Bits that choose what is turned over in it.
  std::optional<std::uint64_t> corruption;
  // When it goes on; a time that is not in the future means at once.
  Duration due;
  // Positive: it goes on as soon as so many later packets have, if that is before `due`.
  std::int64_t behind = 0;
};

class Dose {
 public:
  // `stream` tells apart what is drawn for by itself, such as the two directions.
  Dose(const Treatment& treatment, Choices choices, std::string stream)
      : treatment_(treatment), choices_(std::move(choices)), stream_(std::move(stream)) {}

  // Of the next packet, which arrived at `now` and has `length` bytes. Call in order of arrival.
  Fate next(Duration now, std::uint64_t length);
  std::uint64_t count() const { return count_; }

 private:
  double draw(std::string_view decision) const { return choices_.unit(stream_, decision, count_); }
  bool happens(Share share, std::string_view decision) const {
    return share.fraction > 0 && draw(decision) < share.fraction;
  }
  bool is_lost();
  Duration delay();
  // When it has passed the link; nullopt when there is no room before it.
  std::optional<Duration> pass_link(Duration now, std::uint64_t length);

  Treatment treatment_;
  Choices choices_;
  std::string stream_;
  std::uint64_t count_ = 0;
  bool is_in_burst_ = false;
  std::optional<double> last_deviate_;  // of the jitter, standard normal
  Duration link_is_free_;
  Duration last_due_;
};

}  // namespace squall::packets
