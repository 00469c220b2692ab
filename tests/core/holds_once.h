// For what is said of short times: a machine that stands still meanwhile spoils it, a fault spoils
// it each time.
#pragma once

namespace headrace::core {

// Whether one of some tries returns true.
template <class Try>
bool holds_once(const Try& holds, int tries = 20) {
  for (int i = 0; i < tries; ++i) {
    if (holds()) return true;
  }
  return false;
}

}  // namespace headrace::core
