// What became of one request for a stream: whether what its client has, its record and its provider
// agree.
//
// Threads: one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "tests/sim/cut_scenario.h"
#include "tests/sim/stream_ask.h"
#include "tests/sim/stream_judging.h"

namespace headrace::sim {

class CutJudge {
 public:
  // Counts into the run what it has seen.
  CutJudge(CutRun& run, const StreamAsk& ask) : run_(run), ask_(ask), wire_(ask.script.plan.wire) {}

  // Empty: all is well.
  std::string judge();

 private:
  std::string judge_whole();
  std::string judge_uncut(std::size_t events) const;
  std::string judge_broken();
  [[nodiscard]] std::string judge_left() const;
  [[nodiscard]] std::string complaint_of_moment(std::size_t events, bool cut) const;
  // As it stands behind so many events, or with what the next one has said before its end, or with
  // all of it where the client does not get it.
  [[nodiscard]] std::array<MeteredStream, 3> metered_behind(std::size_t events) const;
  [[nodiscard]] bool is_over(std::size_t events) const;
  [[nodiscard]] std::string complaint_of_tokens(std::size_t events) const;
  void count_cut(std::size_t events);
  [[nodiscard]] std::size_t index() const;

  CutRun& run_;
  const StreamAsk& ask_;
  StreamWire wire_;
};

}  // namespace headrace::sim
