// A small catalogue of faults and probes that touch nothing, so that the tests of the language do
// not change when a real kind does.
#pragma once

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "faults/typed.h"
#include "param/selector_codec.h"
#include "scenario/parse.h"

namespace squall::scenario::fake {

struct Hit {
  Selector select;
  std::string signal = "KILL";
  std::int64_t times = 1;
};

inline const param::Table<Hit>& hit_table() {
  static const param::Table<Hit> made{{
      param::field("select", &Hit::select, {.about = "Who is hit.", .required = true}),
      param::field("signal", &Hit::signal, {.about = "The signal."}),
      param::field("times", &Hit::times, {.about = "How often.", .min = 1, .max = 10}),
  }};
  return made;
}

inline std::vector<sys::Need> needs(const sys::HostFacts& host) {
  return {{.what = "the right to signal others",
           .met = host.may_signal_others,
           .reason = host.may_signal_others ? "" : "this user may not; run it as root"}};
}

inline Status check(const Hit& hit) {
  if (hit.signal != "CHLD") return ok();
  return error(Code::invalid, "signal: CHLD ends no process", "use KILL or TERM");
}

inline fault::Wants wants(const Hit& hit) {
  return {.victims = hit.select};
}

inline Result<fault::Strike> strike(const Hit&, const fault::Facts&, const Choices&,
                                    std::uint64_t) {
  return fault::Strike{};
}

inline const fault::Kind& kill() {
  static const fault::Kind made = fault::kind_of<Hit>(
      {.name = "process.kill",
       .summary = "The victim ends at once, as in a crash.",
       .limits = "It proves nothing about a slow death.",
       .lasting = fault::Lasting::instant,
       .irreversible = "a process that has ended cannot be brought back, only started anew",
       .table = &hit_table(),
       .needs = needs,
       .check = check,
       .wants = wants,
       .plan = strike,
       .repeat = [](const Hit& hit) {
         return fault::Repeat{seconds(3), 1, hit.times};
       }});
  return made;
}

inline const fault::Kind& pause() {
  static const fault::Kind made =
      fault::kind_of<Hit>({.name = "process.pause",
                           .summary = "The victim stands still, as in a long garbage collection.",
                           .limits = "It cannot pause what runs in the kernel.",
                           .table = &hit_table(),
                           .needs = needs,
                           .wants = wants,
                           .plan = strike});
  return made;
}

struct Burn {
  Share load{1};
};

inline const fault::Kind& burn() {
  static const param::Table<Burn> table{{
      param::field("load", &Burn::load, {.about = "How much of a core.", .max = Share{1}}),
  }};
  static const fault::Kind made = fault::kind_of<Burn>(
      {.name = "cpu.burn",
       .summary = "Every other process gets less of the processors.",
       .table = &table,
       .needs = [](const sys::HostFacts&) { return std::vector<sys::Need>{}; },
       .wants = [](const Burn&) { return fault::Wants{}; },
       .plan = [](const Burn&, const fault::Facts&, const Choices&,
                  std::uint64_t) -> Result<fault::Strike> { return fault::Strike{}; }});
  return made;
}

inline const fault::Catalogue& faults() {
  static const fault::Catalogue made = {&burn(), &kill(), &pause()};
  return made;
}

struct Connect {
  std::string host = "127.0.0.1";
  std::int64_t port = 0;
  std::string send;
};

inline const probe::Kind& tcp() {
  static const param::Table<Connect> table{{
      param::field("host", &Connect::host, {.about = "Name or address."}),
      param::field("port", &Connect::port,
                   {.about = "The port.", .required = true, .min = 1, .max = 65535}),
      param::field("send", &Connect::send, {.about = "Sent once connected."}),
  }};
  static const probe::Kind made{
      .name = "tcp",
      .about = "Connects, and may send and expect a text.",
      .table = &table,
      .values = {{"latency", "duration", "Until the answer."}, {"reply", "text", "The answer."}},
      .open = {}};
  return made;
}

struct Fetch {
  std::string url;
};

inline Result<std::unique_ptr<probe::Probe>> open_http(const json::object& params) {
  if (!text_at(params, "url").starts_with("ftp:")) return std::unique_ptr<probe::Probe>();
  return error(Code::invalid, "url: ftp is not spoken here", "use http://");
}

inline const probe::Kind& http() {
  static const param::Table<Fetch> table{{
      param::field("url", &Fetch::url, {.about = "The address.", .required = true}),
  }};
  static const probe::Kind made{.name = "http",
                                .about = "Fetches an address.",
                                .table = &table,
                                .values = {{"status", "whole number", "The status code."},
                                           {"latency", "duration", "Until the whole answer."}},
                                .open = open_http};
  return made;
}

inline const probe::Catalogue& probes() {
  static const probe::Catalogue made = {&http(), &tcp()};
  return made;
}

inline Options options() {
  return {.faults = faults(), .probes = probes(), .sources = {}, .seed = 42};
}

// A document with a valid head, to which a test adds what it is about.
inline std::string document(const std::string& rest) {
  return "scenario: test\n"
         "steady_state:\n"
         "  - {name: ping, tcp: {port: 6379}}\n" +
         rest;
}

// A file of tests/golden.
inline std::string golden(const std::string& name) {
  std::ifstream file(std::string(SQUALL_SOURCE_DIR "/tests/golden/") + name);
  EXPECT_TRUE(file.good()) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}
// With SQUALL_UPDATE_GOLDEN set, writes what it would compare.
inline void expect_golden(const std::string& name, const std::string& text) {
  if (std::getenv("SQUALL_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(std::string(SQUALL_SOURCE_DIR "/tests/golden/") + name) << text;
  }
  EXPECT_EQ(golden(name), text) << "run this test with SQUALL_UPDATE_GOLDEN=1 to write the file";
}

struct Outcome {
  std::optional<Plan> plan;
  std::string mistakes;  // rendered
};
inline Outcome parse(const std::string& text, const Options& given = options()) {
  Diagnostics diagnostics("s.yaml");
  std::optional<Plan> plan = parse_scenario(text, "s.yaml", given, diagnostics);
  return {std::move(plan), diagnostics.render()};
}

}  // namespace squall::scenario::fake
