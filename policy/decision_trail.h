// What the stages decided about one request, in their order, for the audit log: which stage, what
// it said, by which rule and why. Noted as they pass, told at the request's end.
//
// Threads:  one shard.  Lifetime: of one request that may be audited; others have none, and cost
// nothing. Texts are static, or the config's.
// Bounds:   kDecisionsMax; of more the last place tells the last one, and beyond() how many are
// missing before it. A request that is tried as often as it may be stays below that.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/clock.h"
#include "policy/stages.h"

namespace headrace::policy {

enum class Decided : std::uint8_t {
  passed,    // the request goes on
  refused,   // it is answered with an error
  answered,  // it is answered, and goes no further
  left_out,  // the stage is not run here
};
inline constexpr std::array<std::string_view, 4> kDecidedNames = {"passed", "refused", "answered",
                                                                  "left_out"};
constexpr std::string_view name(Decided decided) {
  return kDecidedNames[static_cast<std::size_t>(decided)];
}

struct Decision {
  std::string_view rule;   // by its name
  std::string_view why;    // empty: the rule says it all
  core::Duration after{};  // since the request began
  Stage stage = Stage::head;
  Decided decided = Decided::passed;
};

class DecisionTrail {
 public:
  static constexpr std::size_t kDecisionsMax = 24;

  void add(const Decision& decision);
  [[nodiscard]] std::span<const Decision> decisions() const { return {decisions_.data(), count_}; }
  [[nodiscard]] std::size_t beyond() const { return beyond_; }

 private:
  std::array<Decision, kDecisionsMax> decisions_;
  std::size_t count_ = 0;
  std::size_t beyond_ = 0;
};

}  // namespace headrace::policy
