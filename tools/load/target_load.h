// The load that one thread puts on one target in one round: which request starts when, on which
// connection.
//
//   start() -> on_turn() every turn ... -> on_turn() says that the round is over
//
// Open loop: a request whose time has come takes an idle connection, opens another one, or waits in
// line; its latency counts from the time that it was meant to start, so that a stall of the target
// shows in full in everything that it kept waiting.
// Threads: one shard's.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/shard.h"
#include "net/http/response_head.h"
#include "net/tls/resumption_cache.h"
#include "net/tls/workspace.h"
#include "tools/load/load_connection.h"
#include "tools/load/options.h"
#include "tools/load/request_source.h"
#include "tools/load/schedule.h"
#include "tools/load/tally.h"

namespace headrace::tools::load {

// One thread's part of the load.
struct WorkerShare {
  std::uint32_t number = 0;
  std::uint32_t count = 1;
};

class TargetLoad {
 public:
  // `tallies` has one entry for the warm-up and one for each step.
  TargetLoad(core::Shard& shard, const LoadOptions& options, std::size_t target_number,
             const RequestSource& source, WorkerShare share, std::uint32_t round,
             std::span<Tally> tallies);
  TargetLoad(const TargetLoad&) = delete;
  TargetLoad& operator=(const TargetLoad&) = delete;
  ~TargetLoad() = default;

  void start();
  // Starts what is due; true when the round is over and every connection closed.
  bool on_turn();
  // Until when nothing has to be started.
  [[nodiscard]] core::Instant next_due() const;
  // No new requests from now on.
  void stop();
  // Between the warm-up and the last completion that counts, or the planned end.
  [[nodiscard]] core::Duration measured() const;

  // --- for connections ---
  core::Io& io() { return shard_.io(); }
  core::TimerWheel& timers() { return shard_.timers(); }
  [[nodiscard]] core::Instant now() const { return shard_.now(); }
  net::http::ResponseHead& head_scratch() { return head_scratch_; }
  [[nodiscard]] const LoadOptions& options() const { return options_; }
  [[nodiscard]] const Target& target() const { return target_; }
  [[nodiscard]] const RequestSource& source() const { return source_; }
  Channel::ClientTls tls();
  Tally& tally(std::uint32_t step) { return tallies_[step]; }
  std::uint64_t next_number() { return numbers_++; }
  void put_request_id(std::string& head, std::uint64_t number) const;
  // Closed loop: what ends after the end was cut by it.
  bool counts_completion(core::Instant at);
  // It may carry another request, after a pause where one is due.
  void on_free(LoadConnection& connection, bool after_failure);
  void on_ready(LoadConnection& connection);
  void on_idle_lost(LoadConnection& connection);

 private:
  enum class Stage : std::uint8_t { running, draining, ending };
  // Open loop: requests that wait for a connection; further ones are counted as not sent.
  static constexpr std::size_t kWaitingMax = 1'000'000;
  // After a failure, so that a dead target is not hammered.
  static constexpr core::Duration kPauseAfterFailure = std::chrono::milliseconds(20);
  // Closed loop: answers under way at the end are awaited so long.
  static constexpr core::Duration kDrain = std::chrono::milliseconds(500);

  void launch_due();
  void launch(Assignment assignment);
  void begin_again(LoadConnection& connection);
  bool take_number();
  void give_up();
  [[nodiscard]] bool all_closed() const;
  [[nodiscard]] bool all_quiet() const;

  core::Shard& shard_;
  const LoadOptions& options_;
  const Target& target_;
  const RequestSource& source_;
  const std::string id_prefix_;  // of request ids
  std::span<Tally> tallies_;
  std::shared_ptr<const net::tls::ClientContext> tls_context_;
  net::tls::Workspace tls_workspace_;
  net::tls::ResumptionCache resumption_;
  net::http::ResponseHead head_scratch_;
  Schedule schedule_;
  std::vector<std::unique_ptr<LoadConnection>> connections_;
  std::vector<LoadConnection*> idle_;    // open loop: the one used last at the end
  std::vector<LoadConnection*> closed_;  // open loop
  std::deque<Assignment> waiting_;
  core::Instant begin_;
  core::Instant measure_begin_;
  core::Instant end_;
  core::Instant drain_end_;
  core::Instant last_completion_;
  Stage stage_ = Stage::running;
  std::uint64_t numbers_ = 0;
  std::uint64_t requests_left_ = 0;
};

}  // namespace headrace::tools::load
