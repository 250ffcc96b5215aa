// The words of the scenario language, described once as parameter tables: the reader of documents,
// the JSON Schema and the reference page all speak from here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/duration.h"
#include "param/table.h"

namespace squall::scenario {

enum class Order { together, in_turn, cascade, shuffled };

struct DocumentWords {
  std::string scenario;
  std::string title;
  std::string hypothesis;
  std::string category;
  std::vector<std::string> tags;
  Duration baseline = seconds(2);
  Order order = Order::together;
  Duration step;
  std::string accept_irreversible;
};
const param::Table<DocumentWords>& document_words();
// The keys of a document that hold documents of their own.
const std::vector<std::string>& document_parts();

struct RiskWords {
  std::string level = "low";
  double weight = 1;
};
const param::Table<RiskWords>& risk_words();

struct RecoverWords {
  Duration within = seconds(10);
};
const param::Table<RecoverWords>& recover_words();

struct FingerprintWords {
  std::vector<std::string> files;
};
const param::Table<FingerprintWords>& fingerprint_words();

// Beside these words, a check has one key that is a probe kind, and `expect`.
struct CheckWords {
  std::string name;
  Duration every = milliseconds(100);
  Duration timeout = seconds(1);
  bool never = false;  // during only
  Duration within;     // detect and heal only
};
const param::Table<CheckWords>& steady_words();
const param::Table<CheckWords>& during_words();
const param::Table<CheckWords>& gate_words();

// Beside these words, a fault has one key that is a fault kind.
struct FaultWords {
  std::string id;
  Duration at;
  Duration lasts;  // `for`
};
const param::Table<FaultWords>& fault_words();

struct StopWords {
  std::string when;
  Duration lasting;              // `for`
  Duration window = seconds(5);  // `over`
};
const param::Table<StopWords>& stop_words();

}  // namespace squall::scenario
