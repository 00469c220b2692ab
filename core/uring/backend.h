// The io_uring implementation behind core/io.h: what an Io owns, and what a turn does with it.
//
//   operations.cpp   starting operations: Op -> submission
//   backend.cpp      a turn: submit, wait, take completions out, hand them out
//   sockets.cpp      the synchronous calls on sockets
//
// Submissions carry the Op's address (48 bits), its generation (16 bits above) and, in the low bits
// that an address leaves, the group of its receive buffer. What is not an Op is odd: the Io's own
// poll of its doorbell and its ring messages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <pthread.h>

#include "core/io.h"
#include "core/uring/buffer_ring.h"
#include "core/uring/doorbell.h"
#include "core/uring/pins.h"
#include "core/uring/ring.h"
#include "core/uring/splices.h"
#include "core/uring/submission_scratch.h"

namespace headrace::core {

class Io::Backend {
 public:
  explicit Backend(const IoOptions& wanted);
  // An Error in words, or empty.
  std::string make();
  void enable();

  std::size_t turn(Instant deadline);

  // --- starting operations (operations.cpp) ----------------------------------------------------
  // Makes sure of a submission slot and of scratch memory; hands over to the kernel what is queued
  // if there is none. To be called before anything of the new operation is stored.
  void make_room(std::size_t scratch_bytes) {
    if (!ring.has_slot() || !scratch.has(scratch_bytes)) {
      ++counters.submission_overflows;
      flush();
    }
  }
  // Hands over now, within the turn, what is queued.
  void flush();
  // Takes the operation over. `private_word` stands in the Op until completion: the descriptor for
  // what may be re-armed, the pins for sends.
  void begin(Op& op, OpKind kind, std::int32_t private_word, std::uint8_t detail = 0);
  // A slot with the operation's mark.
  io_uring_sqe& submission(Op& op, std::uint8_t opcode, int descriptor);
  void submit_accept(Op& op);
  void submit_receive(Op& op);
  void submit_splice_poll(Op& op);
  // The receive buffers among these slices stay until the send's last completion.
  uring::Pins::List pin(std::span<const iovec> slices);
  void ring_message(const Backend& to);

  // What an implementation may keep in an Op, as bits.
  static constexpr std::uint8_t kCancelAsked = 1;  // a re-arm would undo it
  static constexpr std::uint8_t kBulk = 2;
  // Numbers of the buffer rings at the kernel.
  static constexpr std::uint16_t kSmallGroup = 0;
  static constexpr std::uint16_t kBulkGroup = 1;
  // How completions name an operation.
  static std::uint64_t mark(Op& op);

  // --- what it owns -----------------------------------------------------------------------------
  IoOptions options;
  IoFeatures features;
  IoCounters counters;
  uring::Ring ring;
  uring::BufferRing small;
  uring::BufferRing bulk;
  uring::SubmissionScratch scratch;
  uring::Pins pins;
  uring::Splices splices;
  uring::Doorbell doorbell;
  Instant now{};
  WallTime wall;  // read at most once a turn
  bool wall_read = false;
  std::size_t in_flight = 0;
  std::uint64_t random_state = 0;

 private:
  void submit_and_wait(Instant deadline);
  // True: something came while spinning.
  bool spin(Instant deadline);
  void hand_out(const uring::TakenCompletion& taken);
  void take_own(const uring::TakenCompletion& taken);
  void arm_doorbell();
  // A socket of a splice is ready. False: it waits again. True: over, as the completion says.
  bool step_splice(Op& op, Completion& completion);
  BufferLease lease_of(const uring::TakenCompletion& taken);
  // Starts a multishot operation again that the kernel ended without need.
  bool rearm(Op& op, const Completion& completion);
  bool receive_again(Op& op);
  std::vector<uring::TakenCompletion> taken_;
  pthread_t owner_{};
  bool in_turn_ = false;
};

// The monotonic clock, at this moment.
[[nodiscard]] Instant read_clock();

}  // namespace headrace::core
