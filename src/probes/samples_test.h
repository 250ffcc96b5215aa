// A probe kind that measures nothing, with one value of every type, for tests of tolerances.
#pragma once

#include <string>
#include <string_view>

#include "probes/tolerance.h"

namespace squall::probe {

inline const Kind& every_type_kind() {
  static const Kind kind{.name = "fake",
                         .about = "For tests.",
                         .values = {{"reached", "yes or no", "."},
                                    {"status", "whole number", "."},
                                    {"load", "number", "."},
                                    {"latency", "duration", "."},
                                    {"bytes", "size", "."},
                                    {"used", "share", "."},
                                    {"events", "rate", "."},
                                    {"body", "text", "."},
                                    {"json", "json", "."}}};
  return kind;
}

inline Sample good_sample() {
  Sample sample;
  sample.values = {{"reached", true},     {"status", 200},       {"load", 0.75},
                   {"latency", "812 ms"}, {"bytes", "64 KiB"},   {"used", "30 %"},
                   {"events", "100 /s"},  {"body", "ready\nok"}, {"json", nullptr}};
  sample.values["json"] = *parse_json(R"({"state": "up", "n": 3, "took": "12 ms", "none": null,
      "list": [1, "a", {"id": 1}], "nodes": [{"ok": true}, {"ok": false}], "odd": "< 5"})");
  return sample;
}

inline Sample unreached_sample() {
  Sample sample;
  sample.values["reached"] = false;
  sample.problem = "connection refused by 127.0.0.1:80";
  return sample;
}

inline Tolerance tolerance_of(const json::value& document, Diagnostics& diagnostics) {
  return Tolerance::parse(node_from_json(document), every_type_kind(), diagnostics);
}

// Aborts on a mistake: for documents that a test means to be right.
inline Tolerance tolerance_of(std::string_view document) {
  Diagnostics diagnostics;
  Tolerance tolerance = tolerance_of(*parse_json(document), diagnostics);
  CHECK(diagnostics.empty(), diagnostics.render());
  return tolerance;
}

}  // namespace squall::probe
