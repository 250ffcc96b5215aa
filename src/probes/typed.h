// Makes a probe::Kind out of typed parts, so that a kind file speaks of its own parameters and
// never of JSON. A kind file reads from top to bottom: what it asks the target, the parameters,
// their table, the measurement as a plain function, and at the foot
//
//   extern const Kind kind_tcp;
//   const Kind kind_tcp = kind_of<Tcp>({.name = "tcp", ...});
#pragma once

#include <utility>

#include "probes/probe.h"
#include "sys/patience.h"

namespace squall::probe {

// The same members as Kind, with P in place of json::object.
template <class P>
struct Spec {
  std::string_view name;
  std::string_view about;
  std::string_view limits;
  std::string_view example;
  const param::Table<P>* table = nullptr;
  std::vector<Value> values;  // without `reached`
  std::string_view reached;   // what `reached` means here
  // Mistakes that the table does not see; may be absent. Code::invalid or unsupported, with a hint.
  Status (*check)(const P&) = nullptr;
  Sample (*take)(const P&, sys::Patience&) = nullptr;
};

template <class P>
class TypedProbe final : public Probe {
 public:
  using Measure = Sample (*)(const P&, sys::Patience&);
  TypedProbe(P params, Measure measure) : params_(std::move(params)), measure_(measure) {}

  Sample take(Duration timeout, std::stop_token stop) const override {
    sys::Patience patience(timeout, std::move(stop));
    return measure_(params_, patience);
  }

 private:
  P params_;
  Measure measure_;
};

template <class P>
Kind kind_of(Spec<P> spec) {
  CHECK(spec.table && spec.take, "a probe has all its parts");
  Kind kind{.name = spec.name,
            .about = spec.about,
            .limits = spec.limits,
            .example = spec.example,
            .table = spec.table,
            .values = std::move(spec.values)};
  kind.values.insert(kind.values.begin(), {"reached", "yes or no", std::string(spec.reached)});
  kind.open = [name = spec.name, table = spec.table, check = spec.check,
               take = spec.take](const json::object& params) -> Result<std::unique_ptr<Probe>> {
    P typed = TRY(table->from_json(params), std::string(name));
    if (check != nullptr) TRY_VOID(check(typed), std::string(name));
    return std::unique_ptr<Probe>(std::make_unique<TypedProbe<P>>(std::move(typed), take));
  };
  return kind;
}

}  // namespace squall::probe
