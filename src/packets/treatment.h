// What is done to the packets of a fault, as values: one table for every kind that treats packets.
#pragma once

#include <cstdint>

#include "core/duration.h"
#include "core/result.h"
#include "core/units.h"
#include "param/table.h"

namespace squall::packets {

// How the delay of a packet strays from `delay`.
enum class Spread {
  uniform,  // evenly between delay - jitter and delay + jitter
  normal,   // by a normal distribution with jitter as its standard deviation, never below zero
  pareto,   // never below delay; beyond it a heavy tail (Lomax, shape 3) whose mean is jitter, cut
            // at 20 times jitter
};

struct Treatment {
  // Delay.
  Duration delay;
  Duration jitter;
  Spread distribution = Spread::uniform;
  Share correlation;        // how much a packet's jitter resembles that of the one before
  bool keeps_order = true;  // no packet overtakes an earlier one
  // Loss: independent, in bursts of this mean length (Gilbert), or every n-th packet.
  Share loss;
  double burst = 0;             // 0: each packet for itself
  std::int64_t drop_every = 0;  // 0: never
  // Others.
  Share duplicate;
  Share corrupt;                  // one bit is turned over
  bool repairs_checksum = false;  // then the application sees it, else the receiver's kernel
  Share held_back;                // let go behind `gap` later packets, or after `hold`
  std::int64_t gap = 1;
  Duration hold = milliseconds(50);
  // A link of this many bits a second (0: no limit), before which packets wait for `buffer` at
  // most.
  std::int64_t bits_per_second = 0;
  Duration buffer = milliseconds(200);

  bool delays() const { return delay.nanoseconds > 0 || jitter.nanoseconds > 0; }
  bool draws() const;  // whether some packets are treated otherwise than others
  bool copies() const { return duplicate.fraction > 0 || corrupt.fraction > 0; }
  // No packet is kept longer.
  Duration longest() const;
};

extern const param::Table<Treatment> treatment_table;

// Code::invalid when the members contradict each other.
Status check(const Treatment& treatment);
// "delay 50 ms ± 10 ms (uniform); lose 5 % in bursts of 4"
std::string describe(const Treatment& treatment);

}  // namespace squall::packets
