// Every admission of one limit with its time, and whether all of them together were allowed: slow
// and obvious, so that it shares no mistake with what it judges.
//
// An admission counts at some moment between its begin (the time that it was told) and its end (the
// time when the answer was there). A stretch of time holds it only if it holds both.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/limits/limit_terms.h"

namespace headrace::core {

struct Admission {
  LimitTime begin;
  LimitTime end;
  std::int64_t amount =
      0;  // what was used of it, in the end; beyond what was reserved it is a debt
  std::uint16_t begin_window = 0;
  std::uint16_t end_window = 0;
};

// Empty if every stretch of time holds no more than the limit allows; else which one does.
std::string judge_admissions(const LimitTerms& terms, const std::vector<Admission>& admissions);

}  // namespace headrace::core
