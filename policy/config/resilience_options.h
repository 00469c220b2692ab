// Sections of options that providers and routes have in them, and the one from which they inherit
// (option_table_resilience.cpp).
//
// Threads: constant data.
#pragma once

#include "policy/config/option_table.h"

namespace headrace::policy::config {

extern const SectionSpec kProviderKeySection;
extern const SectionSpec kBreakerSection;
extern const SectionSpec kHealthSection;
extern const SectionSpec kRetrySection;
extern const SectionSpec kHedgeSection;
extern const SectionSpec kDefaultsSection;

inline constexpr std::string_view kLostAttemptsNames[] = {"absorbed", "charged"};
static_assert(std::size(kLostAttemptsNames) == static_cast<std::size_t>(kLastLostAttempts) + 1);

}  // namespace headrace::policy::config
