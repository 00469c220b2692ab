// One direction of a relayed connection: bytes from one socket to the other, in order, with
// back-pressure.
//
// Receives stay armed in small buffers (multishot) while messages are small. When a burst or a slow
// reader lets kHeldMax of them pile up, the flow turns bulk: it waits until all is sent and then
// takes one big buffer at a time, until small messages come again.
//
//   armed (small) --kHeldMax held--> draining --all sent--> bulk --small messages--> armed (small)
//
// With `splices`, bulk bytes pass by splice() and are never copied.
//
// Lifetime: the owner calls stop() and keeps the flow until quiet().
#pragma once

#include <cstddef>

#include "bench/relay/lease_queue.h"
#include "core/io.h"

namespace headrace::bench {

// Told when a flow has ended, well (the peer's end of stream was passed on) or not.
class FlowOwner {
 public:
  virtual void on_flow_progress() = 0;

 protected:
  ~FlowOwner() = default;
};

class Flow {
 public:
  static constexpr std::size_t kHeldMax = 4;

  Flow(core::Io& io, LeasePlaces& places, FlowOwner& owner, bool splices);

  void start(core::Socket from, core::Socket to);
  // Drops what is held as soon as no operation reads from it.
  void stop() { stopped_ = true; }

  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] bool ended() const { return ended_ && passed_on_; }
  [[nodiscard]] bool quiet() const;

 private:
  void on_received(core::Completion& completion);
  void on_sent(core::Completion& completion);
  void on_other(core::Completion& completion);
  void judge_bulk(const core::Completion& completion);
  void go_on();
  void send_held();
  void receive();

  core::Io& io_;
  FlowOwner& owner_;
  core::Op receive_;
  core::Op send_;
  core::Op other_;  // cancels the receive; ends the other side
  LeaseQueue held_;
  core::Socket from_ = core::Socket::none;
  core::Socket to_ = core::Socket::none;
  std::size_t sending_ = 0;  // leases in the send in flight
  std::size_t sending_bytes_ = 0;
  const bool splices_;
  int bulk_ = 0;                // small messages until bulk ends; 0: not bulk
  bool receives_bulk_ = false;  // the receive that was started last
  bool ended_ = false;          // the peer has ended its stream
  bool passed_on_ = false;      // and the other one was told
  bool failed_ = false;
  bool stopped_ = false;
};

}  // namespace headrace::bench
