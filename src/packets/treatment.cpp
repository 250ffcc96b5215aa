#include "packets/treatment.h"

#include <fmt/core.h>

#include "core/text.h"

namespace squall::packets {
namespace {

constexpr std::int64_t pareto_cut = 20;
constexpr std::int64_t normal_cut = 9;  // farther than any draw of 53 bits

std::string_view spread_name(Spread spread) {
  switch (spread) {
    case Spread::uniform:
      return "uniform";
    case Spread::normal:
      return "normal";
    case Spread::pareto:
      return "pareto";
  }
  return "";
}

std::string describe_delay(const Treatment& treatment) {
  std::string text = "delay by " + render(treatment.delay);
  if (treatment.jitter.nanoseconds == 0) return text;
  text += fmt::format(" ± {} ({}", render(treatment.jitter), spread_name(treatment.distribution));
  if (treatment.correlation.fraction > 0) {
    text += ", correlation " + render(treatment.correlation);
  }
  return text + (treatment.keeps_order ? ")" : ", packets may overtake each other)");
}

std::string describe_loss(const Treatment& treatment) {
  if (treatment.drop_every > 0) return fmt::format("lose every {}. packet", treatment.drop_every);
  std::string text = "lose " + render(treatment.loss);
  if (treatment.burst > 0) {
    text += fmt::format(" in bursts of {} on average", render_number(treatment.burst));
  }
  return text;
}

}  // namespace

const param::Table<Treatment> treatment_table{{
    param::field("delay", &Treatment::delay,
                 {.about = "How long each packet waits.", .max = minutes(1)}),
    param::field("jitter", &Treatment::jitter,
                 {.about = "By how much that strays.", .max = minutes(1)}),
    param::choice(
        "distribution", &Treatment::distribution,
        {{"uniform", Spread::uniform}, {"normal", Spread::normal}, {"pareto", Spread::pareto}},
        "How it strays."),
    param::field("correlation", &Treatment::correlation,
                 {.about = "How much it resembles that of the packet before.", .max = Share{1}}),
    param::field("keeps_order", &Treatment::keeps_order,
                 {.about = "Whether no packet overtakes an earlier one."}),
    param::field("loss", &Treatment::loss,
                 {.about = "The part of the packets that is lost.", .max = Share{1}}),
    param::field("burst", &Treatment::burst,
                 {.about = "The mean length of a burst of losses; 0 for none.", .max = 1e6}),
    param::field(
        "drop_every", &Treatment::drop_every,
        {.about = "Every so-manieth is lost; 0 for none.", .min = 0, .max = 1'000'000'000}),
    param::field("duplicate", &Treatment::duplicate,
                 {.about = "The part that arrives twice.", .max = Share{1}}),
    param::field("corrupt", &Treatment::corrupt,
                 {.about = "The part of which one bit is turned over.", .max = Share{1}}),
    param::field("repairs_checksum", &Treatment::repairs_checksum,
                 {.about = "Whether their checksums are made right again."}),
    param::field("held_back", &Treatment::held_back,
                 {.about = "The part that later packets overtake.", .max = Share{1}}),
    param::field("gap", &Treatment::gap, {.about = "By how many.", .min = 1, .max = 1000}),
    param::field("hold", &Treatment::hold,
                 {.about = "And how long they wait for these at most.", .max = seconds(10)}),
    param::field(
        "bits_per_second", &Treatment::bits_per_second,
        {.about = "What the link carries; 0 for no limit.", .min = 0, .max = 1'000'000'000'000}),
    param::field("buffer", &Treatment::buffer,
                 {.about = "How long packets wait before it, beyond which they are lost.",
                  .max = seconds(10)}),
}};

bool Treatment::draws() const {
  return loss.fraction > 0 || drop_every > 0 || copies() || held_back.fraction > 0 ||
         bits_per_second > 0;
}

Duration Treatment::longest() const {
  Duration longest = delay;
  switch (distribution) {
    case Spread::uniform:
      longest = longest + jitter;
      break;
    case Spread::normal:
      longest = longest + jitter * normal_cut;
      break;
    case Spread::pareto:
      longest = longest + jitter * pareto_cut;
      break;
  }
  if (held_back.fraction > 0) longest = longest + hold;
  if (bits_per_second > 0) longest = longest + buffer;
  return longest;
}

Status check(const Treatment& treatment) {
  if (treatment.distribution == Spread::uniform && treatment.jitter > treatment.delay) {
    return error(Code::invalid, "jitter is greater than delay, and no packet can arrive early",
                 "make it at most delay, or use another distribution");
  }
  if (treatment.drop_every > 0 && (treatment.loss.fraction > 0 || treatment.burst > 0)) {
    return error(Code::invalid, "losing every n-th packet leaves nothing to draw",
                 "give either that or a share");
  }
  if (treatment.burst == 0) return ok();
  if (treatment.burst < 1) {
    return error(Code::invalid, "a burst of losses is at least 1 packet long",
                 "give 1 or more, or 0 for independent losses");
  }
  // A burst ends with a packet that arrives, so 1 in (burst + 1) always does.
  if (treatment.loss.fraction > treatment.burst / (1 + treatment.burst)) {
    return error(Code::invalid,
                 fmt::format("bursts of {} cannot make up {} of the packets",
                             render_number(treatment.burst), render(treatment.loss)),
                 "make the bursts longer or the share smaller");
  }
  return ok();
}

std::string describe(const Treatment& treatment) {
  std::vector<std::string> parts;
  if (treatment.delays()) parts.push_back(describe_delay(treatment));
  if (treatment.loss.fraction > 0 || treatment.drop_every > 0) {
    parts.push_back(describe_loss(treatment));
  }
  if (treatment.duplicate.fraction > 0) {
    parts.push_back(fmt::format("deliver {} twice", render(treatment.duplicate)));
  }
  if (treatment.corrupt.fraction > 0) {
    parts.push_back(fmt::format("turn over one bit of {}{}", render(treatment.corrupt),
                                treatment.repairs_checksum ? " and repair the checksum" : ""));
  }
  if (treatment.held_back.fraction > 0) {
    parts.push_back(fmt::format("hold back {} behind {} later packets", render(treatment.held_back),
                                treatment.gap));
  }
  if (treatment.bits_per_second > 0) {
    parts.push_back(fmt::format("pass {} bit/s", treatment.bits_per_second));
  }
  return parts.empty() ? "pass unchanged" : join(parts, "; ");
}

}  // namespace squall::packets
