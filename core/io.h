// The one seam between a shard and the world: sockets, time, randomness and being woken.
//
// Two static libraries implement this header and exactly one of them is linked: headrace_io_uring
// (core/uring: one io_uring a shard) and the simulator (tests/sim: virtual time, a seed, faults).
// There are no virtual calls; link-time optimisation inlines the seam.
//
// Threads:  an Io is made anywhere, but used by one thread only: the one that called enable().
//           wake() alone may be called from any thread.
// Turns:    operations are queued and handed to the kernel together, once a turn. turn() submits,
//           waits, reads the clock once, then hands out completions; handlers queue more work for
//           the next turn. No operation completes inside the call that started it.
// Lifetime: see core/op.h. Slices given to send_vector() are copied; the bytes they name are not.
// Errors:   operations report -errno in their completion; everything else that cannot be had at
//           start-up is an Error in words for an operator (what, likely cause, the mending
//           command).
//
// A connection dies in named steps, and only in this order: shutdown or cancel, wait until every
// operation on it has completed, close, recycle.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include <sys/uio.h>

#include "core/buffer_lease.h"
#include "core/clock.h"
#include "core/op.h"
#include "core/socket_address.h"

namespace headrace::core {

// A socket's number, never mixed up with other integers.
enum class Socket : std::int32_t { none = -1 };

// Receive buffers come from two rings a shard: `small` ones for heads, events and idle connections
// (many connections may hold some), and a few `bulk` ones, reused while hot, for large answers.
enum class BufferGroup : std::uint8_t { small, bulk };

enum class SendMore : bool { no, yes };  // yes: further bytes follow at once (MSG_MORE)

enum class ShutdownSide : std::uint8_t { send, both };

struct IoFeatures {
  // What the kernel offers (found by probe) and the switches allow. A switch turns each off.
  bool single_issuer = true;
  bool defer_taskrun = true;
  bool recv_multishot = true;  // otherwise re-armed one by one
  bool accept_multishot = true;
  bool send_vectorized = true;  // OP_SEND with a vector (6.17); otherwise SENDMSG
  bool ring_messages = true;    // MSG_RING as the mailbox's bell; otherwise eventfd
  bool absolute_waits = true;   // wait until an instant (6.12); otherwise for a span
  bool idle_waits = true;       // waiting counts as idle (6.15); otherwise as waiting for a disk
};

struct IoOptions {
  IoFeatures features{};  // switched off here: never used, whatever the kernel has
  std::uint32_t submission_entries = 1024;
  std::uint32_t completion_entries = 8192;
  std::uint32_t small_buffers = 1024;  // a power of two
  std::uint32_t small_buffer_bytes = 4096;
  std::uint32_t bulk_buffers = 8;  // a power of two
  std::uint32_t bulk_buffer_bytes = 128 * 1024;
  std::uint32_t splice_bytes = 256 * 1024;  // at most so many a time, and held up by a slow reader
  std::uint32_t splice_pipes_max = 64;
  std::uint32_t completions_per_turn_max = 256;
  Duration spin = Duration::zero();  // poll this long before sleeping
};

struct IoCounters {
  std::uint64_t turns = 0;
  std::uint64_t completions = 0;
  std::uint64_t stale_completions = 0;     // of an earlier use of an Op: dropped
  std::uint64_t buffers_exhausted = 0;     // ENOBUFS: a receive ended for want of a buffer
  std::uint64_t submission_overflows = 0;  // submitted within a turn because the queue was full
  std::uint64_t completion_overflows = 0;  // turns in which the kernel had to keep completions back
  std::uint64_t submissions_refused = 0;   // EAGAIN, EBUSY: the kernel took nothing, tried again
  std::uint64_t rearms = 0;                // multishot operations re-armed without telling anyone
  std::uint64_t spin_nanos = 0;            // time burnt spinning
};

class Io {
 public:
  static std::expected<std::unique_ptr<Io>, std::string> create(const IoOptions& options);
  ~Io();
  Io(const Io&) = delete;
  Io& operator=(const Io&) = delete;

  // Makes the calling thread the owner, and blocks SIGPIPE for it. Called once, before anything
  // below.
  void enable();

  // --- turns -----------------------------------------------------------------------------------
  // Submits what was queued; if nothing completes, waits until something does, wake() is called or
  // `deadline` has come (Instant::min(): does not wait). Hands out at most completions_per_turn_max
  // completions. Returns how many.
  std::size_t turn(Instant deadline);
  // The time read in this turn.
  [[nodiscard]] Instant now() const;
  [[nodiscard]] WallTime wall_now() const;
  // The clock, read now: for what is measured within a turn.
  [[nodiscard]] Instant clock_now() const;
  // 64 random bits, fit for jitter and identifiers, not for keys.
  std::uint64_t random();

  // --- being woken -----------------------------------------------------------------------------
  // Ends the current or the next wait of turn(). From any thread; cheap when called repeatedly.
  void wake();
  // As wake(), from the owner thread of `from` (by MSG_RING where there is one).
  void wake_from(Io& from);

  // --- sockets, synchronous and quick ----------------------------------------------------------
  // A close-on-exec stream socket, fit for the operations below (none of which ever blocks); TCP
  // ones with TCP_NODELAY. The error is -errno.
  std::expected<Socket, int> open_socket(int family);
  // Bound with SO_REUSEADDR and SO_REUSEPORT, listening. Error in words for an operator.
  std::expected<Socket, std::string> listen(const SocketAddress& address, int backlog);
  SocketAddress local_address(Socket socket) const;
  SocketAddress peer_address(Socket socket) const;
  // When it is closed the peer sees a reset, and what was not sent yet is lost: how a message whose
  // end is the connection's is shown to be incomplete.
  void reset_on_close(Socket socket);
  // A connection that waits to be accepted now, TCP_NODELAY set; none: nobody waits.
  std::optional<Socket> accept_now(Socket listener);
  // Another descriptor of the same listening socket, for another shard. The error is -errno.
  std::expected<Socket, int> share_listener(Socket listener);
  // For sockets on which no operation was ever started, or whose last one has completed.
  void close_now(Socket socket);

  // --- operations ------------------------------------------------------------------------------
  // Completions carry new descriptors (TCP_NODELAY set) until one without `more`.
  void accept_multishot(Op& op, Socket listener);
  // `address` is copied.
  void connect(Op& op, Socket socket, const SocketAddress& address);
  // Bytes arrive in provided buffers, chosen on arrival: an idle connection holds none. result 0 is
  // the peer's end of stream. Ends (more = false) on end of stream, on any error, and with -ENOBUFS
  // when no buffer is free: re-arm when leases have been returned. A burst may bring dozens of
  // buffers in one turn, also after cancel() was called: what holds them must not have a place for
  // four only.
  void recv_multishot(Op& op, Socket socket, BufferGroup group);
  // The same once, for the next bytes only.
  void recv_provided(Op& op, Socket socket, BufferGroup group);
  // Into memory of the caller's; fills what it can at once, completes with at least one byte.
  void recv_into(Op& op, Socket socket, std::span<std::byte> into);
  // Completes when all bytes are sent (the kernel goes on after short writes) or on error; a result
  // below the size asked is a failed or cancelled send that got that far.
  void send(Op& op, Socket socket, std::span<const std::byte> bytes, SendMore more = SendMore::no);
  // At most kSendSlicesMax slices, as one send.
  void send_vector(Op& op, Socket socket, std::span<const iovec> slices,
                   SendMore more = SendMore::no);
  // Moves up to `bytes` from one socket to the other, without their passing through this process,
  // and waits until there is something to move. The result is what was moved and handed on; 0 is
  // the end of the stream; -ENOBUFS: splice_pipes_max of them are held up by slow readers. After
  // any other error bytes may have been lost on the way; -EPIPE: `to` takes no more. Neither a
  // receive on `from` nor a send on `to` may be in flight.
  void splice(Op& op, Socket from, Socket to, std::size_t bytes);
  // Of a splice in flight: `to` does not take what has come.
  [[nodiscard]] bool splice_held_up(const Op& op) const;
  // `send`: ends our side only (FIN after what was sent); the peer's bytes still arrive.
  // `both`: receives in flight complete with 0, sends with -EPIPE. Comes after the sends on this
  // socket that were queued before it.
  void shutdown(Op& op, Socket socket, ShutdownSide side = ShutdownSide::both);
  void close(Op& op, Socket socket);
  // Asks that `target` ends early; both complete, in any order. The target's result may be success:
  // cancellation races with completion. Completes with -ENOENT when there was nothing to cancel.
  void cancel(Op& op, Op& target);

  static constexpr std::size_t kSendSlicesMax = 16;

  // --- looking inside --------------------------------------------------------------------------
  [[nodiscard]] const IoFeatures& features() const;  // in use
  [[nodiscard]] const IoCounters& counters() const;
  [[nodiscard]] std::size_t operations_in_flight() const;  // not counting the Io's own
  [[nodiscard]] std::size_t buffers_leased(BufferGroup group) const;
  // Bytes planned for rings and buffers, for the memory plan.
  static std::size_t planned_bytes(const IoOptions& options);

 private:
  class Backend;
  explicit Io(std::unique_ptr<Backend> backend);
  std::unique_ptr<Backend> backend_;
};

}  // namespace headrace::core
