#include "policy/cache/answer_fitness.h"

namespace headrace::policy {
namespace {

bool ended_by_itself(FinishReason reason) {
  return reason == FinishReason::stop || reason == FinishReason::tool;
}

}  // namespace

bool fit_to_keep(Endpoint endpoint, const UsageScanner& document) {
  if (!document.complete() || document.is_error() || document.is_withheld()) return false;
  return !generates(endpoint) || ended_by_itself(document.finish_reason());
}

bool fit_to_keep(const StreamMeter& stream) {
  return stream.end() != StreamEnd::failed && stream.may_end_here() && !stream.is_withheld() &&
         ended_by_itself(stream.finish_reason());
}

}  // namespace headrace::policy
