#include "core/uring/ring.h"

#include <algorithm>
#include <atomic>
#include <cerrno>

#include <linux/time_types.h>
#include <signal.h>
#include <time.h>

#include "core/check.h"
#include "core/uring/kernel_abi.h"
#include "core/uring/kernel_enter.h"

namespace headrace::core::uring {
namespace {

constexpr std::size_t kSignalMaskBytes = _NSIG / 8;

unsigned load_acquire(const unsigned* word) {
  return std::atomic_ref<const unsigned>(*word).load(std::memory_order_acquire);
}

unsigned load_relaxed(const unsigned* word) {
  return std::atomic_ref<const unsigned>(*word).load(std::memory_order_relaxed);
}

void store_release(unsigned* word, unsigned value) {
  std::atomic_ref<unsigned>(*word).store(value, std::memory_order_release);
}

Instant clock_now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return Instant(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

__kernel_timespec to_kernel_time(Duration span) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(span);
  return {.tv_sec = seconds.count(), .tv_nsec = (span - seconds).count()};
}

}  // namespace

Ring::~Ring() {
  if (made_) io_uring_queue_exit(&ring_);
}

int Ring::make(const IoOptions& options, IoFeatures& features) {
  for (;;) {
    io_uring_params params{};
    params.flags = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP | IORING_SETUP_SUBMIT_ALL |
                   IORING_SETUP_R_DISABLED;
    if (features.single_issuer) params.flags |= IORING_SETUP_SINGLE_ISSUER;
    // The kernel defers task work only for a ring with a single issuer.
    if (!features.single_issuer) features.defer_taskrun = false;
    params.flags |= features.defer_taskrun ? IORING_SETUP_DEFER_TASKRUN : IORING_SETUP_COOP_TASKRUN;
    params.flags |= IORING_SETUP_TASKRUN_FLAG;
    params.cq_entries = std::max(options.completion_entries, options.submission_entries);
    const int outcome = io_uring_queue_init_params(options.submission_entries, &ring_, &params);
    if (outcome == 0) break;
    if (outcome != -EINVAL || !features.single_issuer) return outcome;
    // An older kernel: what came last goes first.
    (features.defer_taskrun ? features.defer_taskrun : features.single_issuer) = false;
  }
  made_ = true;
  absolute_waits_ = features.absolute_waits;
  wait_flags_ = features.idle_waits ? kEnterIdleWait : 0;
  // Submissions go in the order of their slots: the indirection is filled in once and for all.
  for (unsigned i = 0; i < ring_.sq.ring_entries; ++i)
    ring_.sq.array[i] = i;
  return 0;
}

int Ring::enable() {
  if (const int outcome = io_uring_enable_rings(&ring_); outcome < 0) return outcome;
  // Saves the look-up of the descriptor on every turn; not every sandbox allows it.
  if (io_uring_register_ring_fd(&ring_) == 1) enter_flags_ = IORING_ENTER_REGISTERED_RING;
  return 0;
}

io_uring_sqe& Ring::slot() {
  io_uring_sqe& slot = ring_.sq.sqes[tail_ & ring_.sq.ring_mask];
  ++tail_;
  slot = {};
  return slot;
}

bool Ring::holds_send(int descriptor) const {
  for (unsigned at = taken_; at != tail_; ++at) {
    const io_uring_sqe& slot = ring_.sq.sqes[at & ring_.sq.ring_mask];
    const bool sends = slot.opcode == IORING_OP_SEND || slot.opcode == IORING_OP_SENDMSG;
    if (sends && slot.fd == descriptor) return true;
  }
  return false;
}

unsigned Ring::completions_ready() const {
  return load_acquire(ring_.cq.ktail) - load_relaxed(ring_.cq.khead);
}

bool Ring::has_work() const {
  return (load_relaxed(ring_.sq.kflags) & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
}

bool Ring::submit(IoCounters& counters) {
  const unsigned before = taken_;
  enter(0, 0, nullptr, 0, counters);
  return taken_ != before;
}

void Ring::submit_and_collect(IoCounters& counters) {
  enter(0, IORING_ENTER_GETEVENTS, nullptr, 0, counters);
}

void Ring::wait(Instant deadline, IoCounters& counters) {
  unsigned flags = IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG | wait_flags_;
  io_uring_getevents_arg argument{};
  argument.sigmask_sz = kSignalMaskBytes;
  __kernel_timespec until{};
  if (deadline != kNever) {
    if (absolute_waits_) {
      until = to_kernel_time(deadline.time_since_epoch());
      flags |= kEnterAbsoluteTimer;
    } else {
      until = to_kernel_time(std::max(deadline - clock_now(), Duration::zero()));
    }
    argument.ts = reinterpret_cast<std::uintptr_t>(&until);
  }
  enter(1, flags, &argument, sizeof argument, counters);
}

void Ring::enter(unsigned min_complete, unsigned flags, const void* argument, std::size_t bytes,
                 IoCounters& counters) {
  store_release(ring_.sq.ktail, tail_);
  const int outcome = kernel_enter(ring_.enter_ring_fd, tail_ - taken_, min_complete,
                                   flags | enter_flags_, argument, bytes);
  taken_ = load_acquire(ring_.sq.khead);
  if ((load_relaxed(ring_.sq.kflags) & IORING_SQ_CQ_OVERFLOW) != 0) [[unlikely]] {
    ++counters.completion_overflows;
  }
  if (outcome >= 0 || outcome == -EINTR || outcome == -ETIME) return;
  if (outcome == -EAGAIN || outcome == -EBUSY) {
    // No memory for a request, or completions wait for room: what was not taken stays queued.
    ++counters.submissions_refused;
    return;
  }
  HEADRACE_CHECK(outcome != -EEXIST, "the ring was used by a thread that does not own it");
  HEADRACE_CHECK(outcome != -EBADR, "the kernel had no memory to keep a completion");
  HEADRACE_CHECK(outcome >= 0, "io_uring_enter refused what must be right");
}

std::size_t Ring::take(std::span<TakenCompletion> into) {
  const unsigned head = load_relaxed(ring_.cq.khead);
  const std::size_t count = std::min<std::size_t>(load_acquire(ring_.cq.ktail) - head, into.size());
  for (unsigned i = 0; i < count; ++i) {
    const io_uring_cqe& entry = ring_.cq.cqes[(head + i) & ring_.cq.ring_mask];
    into[i] = {.user_data = entry.user_data, .result = entry.res, .flags = entry.flags};
  }
  store_release(ring_.cq.khead, head + static_cast<unsigned>(count));
  return count;
}

std::size_t Ring::planned_bytes(const IoOptions& options) {
  return options.submission_entries * (sizeof(io_uring_sqe) + sizeof(unsigned)) +
         options.completion_entries * sizeof(io_uring_cqe);
}

}  // namespace headrace::core::uring
