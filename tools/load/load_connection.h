// One connection of the load: sends a request, watches its answer arrive, says when it is free.
//
//   closed -> opening -> waiting (for an answer) -> idle -> waiting ... -> ending -> closed
//
// Lifetime: owned by its TargetLoad; quiet when closed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/timer_wheel.h"
#include "tools/channel/channel.h"
#include "tools/load/response_reader.h"
#include "tools/load/stream_watch.h"
#include "tools/load/tally.h"

namespace headrace::tools::load {

class TargetLoad;

// A request that is to be sent.
struct Assignment {
  core::Instant intended;  // when it was meant to start
  std::uint32_t step = 0;  // of the schedule
  bool waited = false;     // open loop: no connection was free at the time
};

class LoadConnection final : private ChannelEvents {
 public:
  explicit LoadConnection(TargetLoad& owner);
  LoadConnection(const LoadConnection&) = delete;
  LoadConnection& operator=(const LoadConnection&) = delete;
  ~LoadConnection() = default;

  // Only when it is free: closed or idle.
  void begin(const Assignment& assignment);
  // Closes it, without an outcome for the request under way but `unfinished` or `timed_out`.
  void cut(bool counts_as_failure);

  [[nodiscard]] bool is_closed() const { return state_ == State::closed; }
  [[nodiscard]] bool is_idle() const { return state_ == State::idle; }
  // Tells the owner again that it is free, then.
  void pause_until(core::Instant until);
  [[nodiscard]] bool is_pausing() const { return pause_.armed(); }

 private:
  enum class State : std::uint8_t { closed, opening, idle, waiting, ending };

  void on_open() override;
  void on_bytes(std::span<std::byte> bytes) override;
  void on_sent() override;
  void on_end(ChannelEnd end) override;
  void on_closed() override;
  void on_timeout();
  void on_pause_over();

  void open();
  void send_request();
  void take_data();
  void succeed_or_refuse();
  [[nodiscard]] std::optional<Failure> judge_status() const;
  void finish(bool reusable);
  void fail(Failure failure);
  void become_free();
  Tally& tally();

  TargetLoad& owner_;
  Channel channel_;
  ResponseReader reader_;
  StreamWatch watch_;
  core::Timer timeout_;
  core::Timer pause_;
  Assignment assignment_;
  core::Instant opened_;
  core::Instant sent_;
  core::Instant first_token_;
  core::Instant last_token_;
  std::uint64_t tokens_ = 0;
  bool first_byte_seen_ = false;
  bool failed_ = false;          // the last request
  bool free_when_sent_ = false;  // answered before the send was told complete
  State state_ = State::closed;
  std::string head_;  // where each request's differs
};

}  // namespace headrace::tools::load
