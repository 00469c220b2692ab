#include "policy/decision_trail.h"

namespace headrace::policy {

void DecisionTrail::add(const Decision& decision) {
  if (count_ == kDecisionsMax) {
    ++beyond_;
    decisions_.back() = decision;
    return;
  }
  decisions_[count_++] = decision;
}

}  // namespace headrace::policy
