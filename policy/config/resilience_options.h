// Sections of options that providers and routes have in them (option_table_resilience.cpp).
#pragma once

#include "policy/config/option_table.h"

namespace headrace::policy::config {

extern const SectionSpec kProviderKeySection;
extern const SectionSpec kBreakerSection;
extern const SectionSpec kHealthSection;
extern const SectionSpec kRetrySection;

}  // namespace headrace::policy::config
