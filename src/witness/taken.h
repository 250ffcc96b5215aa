// How much less there is of something than when the watching began: free space, free inodes.
//
// Others take and give meanwhile. So the begin wants nearly all of what is looked for to be gone,
// and the end half of it to be back; and something that moves by itself by as much as is looked for
// is not taken on, since whatever was seen there would prove nothing.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/duration.h"
#include "witness/witness.h"

namespace squall::witness {

// What is watched.
struct Stock {
  std::string name;                           // "the free space of /srv"
  std::function<Result<double>()> left;       // how much there is now
  std::function<std::string(double)> render;  // an amount for people
};

// How often a look is worth it.
inline constexpr Duration taken_every = milliseconds(5);

// Watches the stock for a tenth of a second first. Code::conflict when it is too restless to tell
// `wanted`, above 0, from what happens by itself. The dose is how much less there is.
Result<std::unique_ptr<Witness>> watch_taken(Stock stock, double wanted);

}  // namespace squall::witness
