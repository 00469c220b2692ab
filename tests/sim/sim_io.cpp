#include "tests/sim/sim_io.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/check.h"
#include "tests/sim/world.h"

namespace headrace::sim {

using core::Op;
using core::OpKind;

SimIo::SimIo(const core::IoOptions& io_options)
    : options(io_options),
      small(io_options.small_buffers, io_options.small_buffer_bytes),
      bulk(io_options.bulk_buffers, io_options.bulk_buffer_bytes),
      world_(World::current()) {
  world_.add_io(*this);
}

SimIo::~SimIo() {
  world_.remove_io(*this);
}

// --- turns ---------------------------------------------------------------------------------------

bool SimIo::wants_turn() const {
  return !ready_.empty() || woken_ || deadline_ <= world_.now();
}

core::Instant SimIo::wakes_at() const {
  return deadline_;
}

std::size_t SimIo::turn(core::Instant deadline) {
  ++counters.turns;
  woken_ = false;
  deadline_ = deadline;
  const std::size_t most = std::min<std::size_t>(ready_.size(), options.completions_per_turn_max);
  std::size_t handed_out = 0;
  std::deque<Ready> batch;
  for (std::size_t i = 0; i < most; ++i) {
    // A completion may be overtaken by a later one, but never by one of its own operation.
    std::size_t pick = 0;
    if (ready_.size() > 1 && world_.strikes(Fault::late_completion)) {
      const auto other = static_cast<std::size_t>(world_.random().below(ready_.size()));
      const Op* op = ready_[other].op;
      const auto first = std::ranges::find_if(ready_, [&](const Ready& r) { return r.op == op; });
      pick = static_cast<std::size_t>(first - ready_.begin());
    }
    batch.push_back(std::move(ready_[pick]));
    ready_.erase(ready_.begin() + static_cast<std::ptrdiff_t>(pick));
  }
  for (Ready& ready : batch) {
    ++counters.completions;
    ++handed_out;
    if (!ready.completion.more) {
      --unfinished_ready_;
      Op::Access::finish(*ready.op);
    }
    Op::Access::deliver(*ready.op, ready.completion);
  }
  // Whatever the handlers started may bring timers nearer: asked again before time moves.
  if (handed_out > 0) woken_ = true;
  return handed_out;
}

// --- operations ----------------------------------------------------------------------------------

SimIo::PendingRef SimIo::add(Op& op, OpKind kind, int descriptor, bool needs_socket) {
  Op::Access::begin(op, kind, descriptor);
  auto pending = std::make_shared<Pending>();
  pending->op = &op;
  pending->kind = kind;
  pending->descriptor = descriptor;
  if (needs_socket) {
    pending->socket = world_.socket_of(descriptor);
    watch(pending->socket);
  }
  pending_.push_back(pending);
  return pending;
}

void SimIo::watch(const std::shared_ptr<SimSocket>& socket) {
  socket->on_change = [this, raw = socket.get()] { on_socket_changed(*raw); };
}

void SimIo::on_socket_changed(const SimSocket& socket) {
  for (const PendingRef& pending : pending_) {
    if (pending->socket.get() == &socket || pending->other.get() == &socket) plan_step(pending);
  }
}

void SimIo::plan_step(const PendingRef& pending) {
  if (pending->step_planned || pending->done) return;
  pending->step_planned = true;
  core::Duration delay{};
  if (pending->kind == OpKind::send || pending->kind == OpKind::send_vector ||
      pending->kind == OpKind::splice) {
    if (world_.strikes(Fault::slow_send)) delay = world_.some_delay();
  }
  world_.after(delay, [this, pending] {
    pending->step_planned = false;
    if (!pending->done) step(pending);
  });
}

void SimIo::complete(const PendingRef& pending, std::int32_t result, bool more,
                     core::BufferLease buffer) {
  Ready ready{
      .op = pending->op, .generation = Op::Access::generation(*pending->op), .completion = {}};
  ready.completion.result = result;
  ready.completion.more = more;
  ready.completion.buffer = std::move(buffer);
  ready_.push_back(std::move(ready));
  if (more) return;
  pin(*pending, false);
  pending->done = true;
  ++unfinished_ready_;
  pending_.remove(pending);
}

void SimIo::step(const PendingRef& pending) {
  switch (pending->kind) {
    case OpKind::accept:
      step_accept(pending);
      return;
    case OpKind::recv_multishot:
    case OpKind::recv_provided:
    case OpKind::recv_into:
      step_receive(pending);
      return;
    case OpKind::send:
    case OpKind::send_vector:
      step_send(pending);
      return;
    case OpKind::splice:
      step_splice(pending);
      return;
    default:
      return;
  }
}

// --- receiving -----------------------------------------------------------------------------------

void SimIo::start_receive(Op& op, OpKind kind, int descriptor, core::BufferGroup which,
                          std::span<std::byte> into) {
  const PendingRef pending = add(op, kind, descriptor);
  pending->group = which;
  pending->into = into;
  plan_step(pending);
}

void SimIo::step_receive(const PendingRef& pending) {
  SimSocket& socket = *pending->socket;
  if (socket.reset_arrived) {
    complete(pending, -ECONNRESET);
    return;
  }
  if (socket.arrived.empty()) {
    if (socket.end_arrived || socket.shut_both) complete(pending, 0);
    return;
  }
  const bool provided = pending->kind != OpKind::recv_into;
  const std::size_t room = provided ? group(pending->group).buffer_bytes() : pending->into.size();
  std::size_t bytes = std::min(room, socket.arrived.size());
  if (bytes > 1 && socket.short_reads && world_.strikes(Fault::short_read)) {
    bytes = 1 + static_cast<std::size_t>(world_.random().below(bytes - 1));
  }
  if (!provided) {
    std::memcpy(pending->into.data(), socket.arrived.data(), bytes);
    socket.arrived.erase(0, bytes);
    complete(pending, static_cast<std::int32_t>(bytes));
    return;
  }
  BufferGroup& buffers = group(pending->group);
  if (buffers.empty() || world_.strikes(Fault::buffers_exhausted)) {
    ++counters.buffers_exhausted;
    complete(pending, -ENOBUFS);
    return;
  }
  core::BufferLease lease = buffers.take(bytes);
  std::memcpy(lease.data(), socket.arrived.data(), bytes);
  socket.arrived.erase(0, bytes);
  const bool more =
      pending->kind == OpKind::recv_multishot && !world_.strikes(Fault::multishot_ends);
  complete(pending, static_cast<std::int32_t>(bytes), more, std::move(lease));
  if (more) plan_step(pending);
}

// --- sending -------------------------------------------------------------------------------------

void SimIo::pin(const Pending& pending, bool pinned) {
  for (const iovec& slice : pending.slices) {
    small.pin(static_cast<const std::byte*>(slice.iov_base), pinned);
    bulk.pin(static_cast<const std::byte*>(slice.iov_base), pinned);
  }
}

void SimIo::start_send(Op& op, OpKind kind, int descriptor, std::span<const iovec> slices) {
  const PendingRef pending = add(op, kind, descriptor);
  pending->slices.assign(slices.begin(), slices.end());
  pin(*pending, true);
  plan_step(pending);
}

void SimIo::step_send(const PendingRef& pending) {
  SimSocket& socket = *pending->socket;
  const std::shared_ptr<Peer> peer = socket.peer;
  if (socket.shut_send || socket.shut_both || socket.reset_arrived || peer == nullptr ||
      peer->was_reset()) {
    const auto moved = static_cast<std::int32_t>(pending->moved);
    complete(pending, moved > 0 ? moved : -EPIPE);
    return;
  }
  std::size_t window = peer->window();
  if (window > 1 && world_.strikes(Fault::slow_send)) {
    window = 1 + static_cast<std::size_t>(world_.random().below(window - 1));
  }
  // Read from the caller's memory only now: whoever reuses it too early sends nonsense.
  std::size_t skip = pending->moved;
  std::string bytes;
  std::size_t total = 0;
  for (const iovec& slice : pending->slices) {
    total += slice.iov_len;
    const std::size_t skipped = std::min(skip, slice.iov_len);
    skip -= skipped;
    const std::size_t take = std::min(slice.iov_len - skipped, window - bytes.size());
    bytes.append(static_cast<const char*>(slice.iov_base) + skipped, take);
  }
  pending->moved += bytes.size();
  if (!bytes.empty()) peer->take(bytes);
  if (pending->moved == total) {
    complete(pending, static_cast<std::int32_t>(total));
  } else if (window > 0) {
    plan_step(pending);
  }  // otherwise when the peer has read
}

// --- splicing ------------------------------------------------------------------------------------

void SimIo::start_splice(Op& op, int from, int to, std::size_t bytes) {
  const PendingRef pending = add(op, OpKind::splice, from);
  pending->other_descriptor = to;
  pending->other = world_.socket_of(to);
  watch(pending->other);
  pending->most = bytes;
  plan_step(pending);
}

bool SimIo::splice_held_up(const Op& op) const {
  const auto found =
      std::ranges::find_if(pending_, [&](const PendingRef& each) { return each->op == &op; });
  return found != pending_.end() && !(*found)->piped.empty();
}

// What is piped and not handed on when it ends is lost.
void SimIo::step_splice(const PendingRef& pending) {
  SimSocket& from = *pending->socket;
  SimSocket& to = *pending->other;
  if (pending->piped.empty()) {
    if (from.reset_arrived) {
      complete(pending, -ECONNRESET);
      return;
    }
    if (from.arrived.empty()) {
      if (from.end_arrived || from.shut_both) complete(pending, 0);
      return;
    }
    if (world_.strikes(Fault::buffers_exhausted)) {
      complete(pending, -ENOBUFS);
      return;
    }
    const std::size_t bytes = std::min(pending->most, from.arrived.size());
    pending->piped = from.arrived.substr(0, bytes);
    from.arrived.erase(0, bytes);
  }
  const std::shared_ptr<Peer> peer = to.peer;
  if (to.shut_send || to.shut_both || to.reset_arrived || peer == nullptr || peer->was_reset()) {
    complete(pending, -EPIPE);
    return;
  }
  const std::size_t bytes = std::min(peer->window(), pending->piped.size());
  if (bytes > 0) {
    peer->take(pending->piped.substr(0, bytes));
    pending->piped.erase(0, bytes);
    pending->moved += bytes;
  }
  if (pending->piped.empty()) complete(pending, static_cast<std::int32_t>(pending->moved));
}

// --- connections ---------------------------------------------------------------------------------

void SimIo::start_accept(Op& op, int descriptor) {
  plan_step(add(op, OpKind::accept, descriptor));
}

void SimIo::step_accept(const PendingRef& pending) {
  SimSocket& listener = *pending->socket;
  while (!listener.backlog.empty() && !pending->done) {
    if (world_.strikes(Fault::accept_fails)) {
      complete(pending, world_.random().one_in(2) ? -EMFILE : -ENFILE);
      return;
    }
    std::shared_ptr<SimSocket> socket = std::move(listener.backlog.front());
    listener.backlog.pop_front();
    const int descriptor = world_.new_descriptor(std::move(socket));
    complete(pending, descriptor, !world_.strikes(Fault::multishot_ends));
  }
}

std::optional<core::Socket> SimIo::accept_now(int descriptor) {
  SimSocket& listener = *world_.socket_of(descriptor);
  if (listener.backlog.empty()) return std::nullopt;
  std::shared_ptr<SimSocket> socket = std::move(listener.backlog.front());
  listener.backlog.pop_front();
  return static_cast<core::Socket>(world_.new_descriptor(std::move(socket)));
}

void SimIo::start_connect(Op& op, int descriptor, const core::SocketAddress& address) {
  const PendingRef pending = add(op, OpKind::connect, descriptor);
  if (world_.strikes(Fault::connect_hangs)) return;  // until it is cancelled
  world_.after(world_.some_delay(), [this, pending, address] {
    if (pending->done) return;
    const World::AcceptActor* actor = world_.actor_at(address);
    if (actor == nullptr || world_.strikes(Fault::connect_refused)) {
      complete(pending, -ECONNREFUSED);
      return;
    }
    auto peer = std::make_shared<Peer>();
    pending->socket->kind = SimSocket::Kind::connected;
    pending->socket->peer = peer;
    peer->socket = pending->socket;
    complete(pending, 0);
    (*actor)(peer);
  });
}

void SimIo::start_shutdown(Op& op, int descriptor, core::ShutdownSide side) {
  const PendingRef pending = add(op, OpKind::shutdown, descriptor);
  SimSocket& socket = *pending->socket;
  (side == core::ShutdownSide::send ? socket.shut_send : socket.shut_both) = true;
  if (socket.peer != nullptr) socket.peer->gateway_ended();
  complete(pending, 0);
  socket.changed();
}

void SimIo::start_close(Op& op, int descriptor) {
  const PendingRef pending = add(op, OpKind::close, descriptor);
  for (const PendingRef& other : pending_) {
    HEADRACE_CHECK(other == pending ||
                       (other->descriptor != descriptor && other->other_descriptor != descriptor),
                   "a descriptor was closed while operations on it were in flight");
  }
  const std::shared_ptr<SimSocket> socket = pending->socket;
  world_.forget_descriptor(descriptor);
  socket->on_change = nullptr;
  if (socket->peer != nullptr) socket->peer->gateway_closed();
  for (const auto& waiting : socket->backlog)
    waiting->peer->gateway_closed();
  complete(pending, 0);
}

// --- cancelling ----------------------------------------------------------------------------------

void SimIo::start_cancel(Op& op, Op& target) {
  const PendingRef pending = add(op, OpKind::cancel, -1, false);
  const auto found =
      std::ranges::find_if(pending_, [&](const PendingRef& each) { return each->op == &target; });
  if (found == pending_.end()) {
    complete(pending, -ENOENT);
    return;
  }
  // NOLINTNEXTLINE(performance-unnecessary-copy-initialization): it must live on when it ends
  const PendingRef victim = *found;
  if (victim->kind != OpKind::connect && world_.strikes(Fault::cancel_loses)) {
    // It was completing anyway: what it was doing still happens before it ends.
    step(victim);
  }
  if (!victim->done) {
    const auto moved =
        victim->kind == OpKind::splice ? 0 : static_cast<std::int32_t>(victim->moved);
    complete(victim, moved > 0 ? moved : -ECANCELED);
  }
  complete(pending, world_.strikes(Fault::cancel_misses) ? -EALREADY : 0);
}

}  // namespace headrace::sim
