// The simulator's side of core/io.h: what an Io has in flight, and what is ready to be told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <vector>

#include "core/io.h"
#include "tests/sim/buffer_group.h"
#include "tests/sim/sim_socket.h"

namespace headrace::sim {

class World;

class SimIo {
 public:
  explicit SimIo(const core::IoOptions& options);
  ~SimIo();

  // --- for the world -----------------------------------------------------------------------------
  // Something is ready, or the deadline that the last turn was given has come.
  [[nodiscard]] bool wants_turn() const;
  [[nodiscard]] core::Instant wakes_at() const;

  // --- for core::Io ------------------------------------------------------------------------------
  std::size_t turn(core::Instant deadline);
  void wake() { woken_ = true; }
  void start_receive(core::Op& op, core::OpKind kind, int descriptor, core::BufferGroup group,
                     std::span<std::byte> into);
  void start_send(core::Op& op, core::OpKind kind, int descriptor, std::span<const iovec> slices);
  void start_splice(core::Op& op, int from, int to, std::size_t bytes);
  [[nodiscard]] bool splice_held_up(const core::Op& op) const;
  void start_accept(core::Op& op, int descriptor);
  void start_connect(core::Op& op, int descriptor, const core::SocketAddress& address);
  std::optional<core::Socket> accept_now(int descriptor);
  void start_shutdown(core::Op& op, int descriptor, core::ShutdownSide side);
  void start_close(core::Op& op, int descriptor);
  void start_cancel(core::Op& op, core::Op& target);

  core::IoOptions options;
  core::IoCounters counters;
  BufferGroup small;
  BufferGroup bulk;
  [[nodiscard]] std::size_t in_flight() const { return pending_.size() + unfinished_ready_; }

 private:
  // One operation that the kernel has.
  struct Pending {
    core::Op* op;
    core::OpKind kind;
    int descriptor;
    std::shared_ptr<SimSocket> socket;
    int other_descriptor = -1;  // of a splice: where it goes
    std::shared_ptr<SimSocket> other;
    std::size_t most = 0;
    std::string piped;  // of a splice: taken from one side, not yet handed to the other
    core::BufferGroup group = core::BufferGroup::small;
    std::span<std::byte> into;
    std::vector<iovec> slices;
    std::size_t moved = 0;
    bool step_planned = false;
    bool cancelled = false;
    bool done = false;
  };
  using PendingRef = std::shared_ptr<Pending>;
  struct Ready {
    core::Op* op;
    std::uint16_t generation;
    core::Completion completion;
  };

  PendingRef add(core::Op& op, core::OpKind kind, int descriptor, bool needs_socket = true);
  void watch(const std::shared_ptr<SimSocket>& socket);
  void on_socket_changed(const SimSocket& socket);
  void plan_step(const PendingRef& pending);
  void step(const PendingRef& pending);
  void step_receive(const PendingRef& pending);
  void step_accept(const PendingRef& pending);
  void step_send(const PendingRef& pending);
  void step_splice(const PendingRef& pending);
  void complete(const PendingRef& pending, std::int32_t result, bool more = false,
                core::BufferLease buffer = {});
  void pin(const Pending& pending, bool pinned);
  BufferGroup& group(core::BufferGroup which) {
    return which == core::BufferGroup::small ? small : bulk;
  }

  World& world_;
  std::list<PendingRef> pending_;
  std::deque<Ready> ready_;
  std::size_t unfinished_ready_ = 0;  // operations whose last completion was not handed out yet
  core::Instant deadline_ = core::Instant::min();
  bool woken_ = false;
};

}  // namespace headrace::sim
