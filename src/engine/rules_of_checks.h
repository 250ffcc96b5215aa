// The rules of the verdict that weigh samples and gates; rules.cpp lists them.
#pragma once

#include "engine/rules.h"

namespace squall::engine {

// Each check needs this many samples that count, before and during a fault.
inline constexpr std::int64_t fewest_samples = 10;

// Of one check: what refutes it, and what leaves it open.
Findings broken_demands_of(const Evidence& evidence, const CheckEvidence& check);
Findings shortages_of(const Evidence& evidence, const CheckEvidence& check);
Findings unclear_recovery_of(const Evidence& evidence, const CheckEvidence& check);

Findings baseline_broken(const Evidence& evidence);
Findings struck_on_a_broken_baseline(const Evidence& evidence);
Findings gates_not_judged(const Evidence& evidence);
Findings demands_broken(const Evidence& evidence);
Findings gates_that_prove_nothing(const Evidence& evidence);
Findings too_few_samples(const Evidence& evidence);
Findings recovery_unclear(const Evidence& evidence);

}  // namespace squall::engine
