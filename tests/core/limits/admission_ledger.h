// Every admission of one limit with its time, and whether all of them together were allowed: slow
// and obvious, so that it shares no mistake with what it judges.
//
// An admission counts at some moment between its begin (the time that it was told) and its end (the
// time when the answer was there). A stretch of time holds it only if it holds both.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
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

inline std::string complain(const char* what, std::int64_t from, std::int64_t until,
                            std::int64_t sum, std::int64_t allowed) {
  return std::string(what) + " from " + std::to_string(from) + " to " + std::to_string(until) +
         " ns: " + std::to_string(sum) + " of " + std::to_string(allowed);
}

inline std::int64_t nanos(Instant at) {
  return at.time_since_epoch().count();
}

// Each stretch that matters begins with an admission and ends with one.
template <class Allowed>
std::string judge_stretches(const std::vector<Admission>& all, const char* what, Allowed allowed) {
  for (const Admission& first : all) {
    const std::int64_t from = nanos(first.begin.monotonic);
    std::vector<std::pair<std::int64_t, std::int64_t>> ends;
    for (const Admission& one : all)
      if (nanos(one.begin.monotonic) >= from)
        ends.emplace_back(nanos(one.end.monotonic), one.amount);
    std::sort(ends.begin(), ends.end());
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < ends.size(); ++i) {
      sum += ends[i].second;
      if (i + 1 < ends.size() && ends[i + 1].first == ends[i].first) continue;
      const std::int64_t most = allowed(ends[i].first - from);
      if (sum > most) return complain(what, from, ends[i].first, sum, most);
    }
  }
  return {};
}

// Empty if every stretch of time holds no more than the limit allows; else which one does.
inline std::string judge_admissions(const LimitTerms& terms,
                                    const std::vector<Admission>& admissions) {
  switch (terms.kind) {
    case WindowKind::sliding:
      return judge_stretches(admissions, "sliding", [&](std::int64_t length) {
        return length < terms.length.count() ? terms.credit : INT64_MAX;
      });
    case WindowKind::bucket:
      return judge_stretches(admissions, "bucket", [&](std::int64_t length) {
        // The clock counts whole nanoseconds: one more may have passed.
        return terms.credit + (length + 1) * terms.refill / terms.length.count();
      });
    case WindowKind::calendar: {
      std::map<std::uint16_t, std::int64_t> sums;
      for (const Admission& one : admissions)
        if (one.begin_window == one.end_window) sums[one.begin_window] += one.amount;
      for (const auto& [window, sum] : sums)
        if (sum > terms.credit) return complain("calendar", window, window, sum, terms.credit);
      return {};
    }
    default:
      return {};
  }
}

}  // namespace headrace::core
