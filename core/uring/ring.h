// One io_uring: the submission and completion queues as memory, and the call that moves them on.
// Knows nothing of operations.
//
// Threads:    made anywhere; after enable() used by that thread only.
// Invariants: a submission slot from slot() is handed to the kernel by the next submit() or wait().
//             What slots point to must stay until then, and no longer (FEAT_SUBMIT_STABLE).
// Errors:     make() gives -errno; afterwards, refusals of the kernel are counted and tried again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <liburing.h>

#include "core/clock.h"
#include "core/io.h"

namespace headrace::core::uring {

// A completion queue entry, copied out.
struct TakenCompletion {
  std::uint64_t user_data;
  std::int32_t result;
  std::uint32_t flags;
};

class Ring {
 public:
  Ring() = default;
  ~Ring();
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  // Disabled until enable(). Features that the kernel does not know are cleared in `features`.
  // Returns 0 or -errno.
  int make(const IoOptions& options, IoFeatures& features);
  // Returns 0 or -errno.
  int enable();

  // A cleared slot for one more submission, where has_slot() says that there is one.
  io_uring_sqe& slot();
  [[nodiscard]] bool has_slot() const { return unsubmitted() != ring_.sq.ring_entries; }
  [[nodiscard]] unsigned unsubmitted() const { return tail_ - taken_; }
  // Whether a send on this descriptor stands in a slot that the kernel has not taken.
  [[nodiscard]] bool holds_send(int descriptor) const;
  [[nodiscard]] unsigned completions_ready() const;
  // The kernel has completions that only an io_uring_enter will show.
  [[nodiscard]] bool has_work() const;

  // Hands over what stands in slots, waits for nothing. False: the kernel took none of it.
  bool submit(IoCounters& counters);
  // Hands over what stands in slots and lets the kernel work off what has come in.
  void submit_and_collect(IoCounters& counters);
  // As submit_and_collect(), but waits until a completion is there or `deadline` has come.
  void wait(Instant deadline, IoCounters& counters);

  // Copies the oldest completions out of the queue and frees their places. Returns how many.
  std::size_t take(std::span<TakenCompletion> into);

  static std::size_t planned_bytes(const IoOptions& options);
  [[nodiscard]] int descriptor() const { return ring_.ring_fd; }
  [[nodiscard]] io_uring& native() { return ring_; }

 private:
  void enter(unsigned min_complete, unsigned flags, const void* argument, std::size_t bytes,
             IoCounters& counters);

  io_uring ring_{};
  unsigned tail_ = 0;         // slots given out
  unsigned taken_ = 0;        // slots that the kernel has taken
  unsigned enter_flags_ = 0;  // of every io_uring_enter
  unsigned wait_flags_ = 0;   // of those that wait
  bool made_ = false;
  bool absolute_waits_ = false;
};

}  // namespace headrace::core::uring
