#include "policy/token/token_fault.h"

#include <iterator>

namespace headrace::policy {
namespace {

constexpr TokenFaultRow kRows[] = {
    {TokenFault::malformed, "malformed", MessageId::token_malformed},
    {TokenFault::header_refused, "header_refused", MessageId::token_malformed},
    {TokenFault::algorithm, "algorithm", MessageId::token_algorithm},
    {TokenFault::issuer, "issuer", MessageId::token_issuer},
    {TokenFault::key_unknown, "key_unknown", MessageId::token_signer_unknown},
    {TokenFault::audience, "audience", MessageId::token_audience},
    {TokenFault::expired, "expired", MessageId::token_expired},
    {TokenFault::lifetime, "lifetime", MessageId::token_expired},
    {TokenFault::not_yet_valid, "not_yet_valid", MessageId::token_not_yet_valid},
    {TokenFault::signature, "signature", MessageId::token_signature},
    {TokenFault::tenant_unknown, "tenant_unknown", MessageId::token_subject_unknown},
    {TokenFault::subject_unknown, "subject_unknown", MessageId::token_subject_unknown},
    {TokenFault::denied, "denied", MessageId::token_revoked},
};
static_assert(std::size(kRows) == kTokenFaultCount);
static_assert(
    [] {
      for (std::size_t i = 0; i < kTokenFaultCount; ++i) {
        if (kRows[i].fault != static_cast<TokenFault>(i)) return false;
      }
      return true;
    }(),
    "rows stand in the order of the faults");

}  // namespace

const TokenFaultRow& row(TokenFault fault) {
  return kRows[static_cast<std::size_t>(fault)];
}

}  // namespace headrace::policy
