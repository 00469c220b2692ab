// The sections of the option table that stand in files of their own (option_table_*.cpp).
//
// Threads: constant data.
#pragma once

#include "policy/config/option_table.h"

namespace headrace::policy::config {

// --- option_table_process.cpp --------------------------------------------------------------------
extern const SectionSpec kHttpSection;
extern const SectionSpec kShardSection;
extern const SectionSpec kIoSection;
extern const SectionSpec kAccessLogSection;
extern const SectionSpec kAdminSection;

// --- option_table_listeners.cpp ------------------------------------------------------------------
extern const SectionSpec kCertificateSection;
extern const SectionSpec kListenerSection;

// --- option_table_scopes.cpp ---------------------------------------------------------------------
extern const SectionSpec kOrganisationSection;
extern const SectionSpec kTenantSection;
extern const SectionSpec kProjectSection;
extern const SectionSpec kUserSection;
extern const SectionSpec kKeySection;

// --- option_table_quota.cpp ----------------------------------------------------------------------
extern const SectionSpec kLimitSection;
extern const SectionSpec kBudgetSection;
extern const SectionSpec kCreditSection;
extern const SectionSpec kPlanSection;
extern const SectionSpec kPriceSection;
extern const SectionSpec kWeightSection;
extern const SectionSpec kQuotaSection;
// --- option_table_identity.cpp -------------------------------------------------------------------
extern const SectionSpec kTokenIssuerSection;
extern const SectionSpec kIpListSection;
extern const SectionSpec kDevelopmentSection;
extern const SectionSpec kAuditSection;

// --- option_table_access.cpp ---------------------------------------------------------------------
extern const SectionSpec kRoleSection;
extern const SectionSpec kPolicySetSection;
// --- option_table_cache.cpp ----------------------------------------------------------------------
extern const SectionSpec kCacheSection;
extern const SectionSpec kRouteCacheSection;

// --- option_table_queue.cpp ----------------------------------------------------------------------
extern const SectionSpec kRouteQueueSection;

// --- option_table_edge.cpp -----------------------------------------------------------------------
extern const SectionSpec kAnswersSection;
extern const SectionSpec kCertificateNameSection;
extern const SectionSpec kProviderAddressSection;

// --- option_table_records.cpp --------------------------------------------------------------------
extern const SectionSpec kJournalSection;
extern const SectionSpec kBillingSection;

}  // namespace headrace::policy::config
