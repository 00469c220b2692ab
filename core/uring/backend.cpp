#include "core/uring/backend.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <immintrin.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/random.h>
#include <time.h>

#include "core/check.h"
#include "core/uring/kernel_support.h"
#include "core/uring/startup_error.h"

namespace headrace::core {
namespace {

using Access = Op::Access;

constexpr unsigned kGenerationShift = 48;
constexpr std::uint64_t kOwnBit = 1;
constexpr std::uint64_t kBulkBit = 2;
constexpr std::uint64_t kAddressMask =
    ((std::uint64_t{1} << kGenerationShift) - 1) & ~(kOwnBit | kBulkBit);
static_assert(alignof(Op) > (kOwnBit | kBulkBit));

// Not Ops: odd numbers. A ring message carries the eventfd to use if it fails.
constexpr std::uint64_t kDoorbellMark = 1;
constexpr std::uint64_t kBellMark = 3;
constexpr std::uint64_t kMessageMark = 5;
constexpr std::uint64_t kOwnMarkMask = 7;
constexpr unsigned kOwnMarkShift = 3;

constexpr unsigned kSubmitTriesMax = 10'000;
constexpr unsigned kSpinsPerClockRead = 16;

// One pin for every buffer, and as much again: buffers are rarely part of two sends at once.
std::size_t pins_planned(const IoOptions& options) {
  return std::size_t{2} * (options.small_buffers + options.bulk_buffers);
}

}  // namespace

Instant read_clock() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return Instant(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

Io::Backend::Backend(const IoOptions& wanted)
    : options(wanted),
      pins(pins_planned(wanted)),
      splices(wanted.splice_pipes_max, wanted.splice_bytes),
      taken_(wanted.completions_per_turn_max) {}

std::string Io::Backend::make() {
  features = uring::supported(options.features);
  int outcome = ring.make(options, features);
  if (outcome == 0) outcome = doorbell.make();
  if (outcome == 0) {
    outcome =
        small.make(ring.native(), kSmallGroup, options.small_buffers, options.small_buffer_bytes);
  }
  if (outcome == 0) {
    outcome = bulk.make(ring.native(), kBulkGroup, options.bulk_buffers, options.bulk_buffer_bytes);
  }
  if (outcome < 0) return uring::ring_refused(-outcome, options);
  if (getrandom(&random_state, sizeof random_state, 0) != sizeof random_state) {
    return "the kernel has no random numbers";
  }
  return {};
}

namespace {

// splice() knows no MSG_NOSIGNAL. The signal is raised for the calling thread and stays pending.
void block_broken_pipe_signal() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace

void Io::Backend::enable() {
  block_broken_pipe_signal();
  HEADRACE_CHECK(ring.enable() == 0, "the ring cannot be enabled by this thread");
  owner_ = pthread_self();
  now = read_clock();
  arm_doorbell();
}

void Io::Backend::arm_doorbell() {
  make_room(0);
  io_uring_sqe& slot = ring.slot();
  slot.opcode = IORING_OP_POLL_ADD;
  slot.fd = doorbell.descriptor();
  slot.len = IORING_POLL_ADD_MULTI;
  slot.poll32_events = POLLIN;
  slot.user_data = kDoorbellMark;
}

void Io::Backend::ring_message(const Backend& to) {
  make_room(0);
  io_uring_sqe& slot = ring.slot();
  slot.opcode = IORING_OP_MSG_RING;
  slot.fd = to.ring.descriptor();
  slot.off = kBellMark;
  slot.flags = IOSQE_CQE_SKIP_SUCCESS;
  slot.user_data = kMessageMark | static_cast<std::uint64_t>(to.doorbell.descriptor())
                                      << kOwnMarkShift;
}

std::uint64_t Io::Backend::mark(Op& op) {
  return reinterpret_cast<std::uintptr_t>(&op) |
         ((Access::detail(op) & kBulk) != 0 ? kBulkBit : 0) |
         std::uint64_t{Access::generation(op)} << kGenerationShift;
}

void Io::Backend::flush() {
  for (unsigned tries = 0; ring.unsubmitted() != 0; ++tries) {
    HEADRACE_CHECK(tries < kSubmitTriesMax, "the kernel takes no more submissions");
    if (!ring.submit(counters)) sched_yield();
  }
  scratch.reset();
}

void Io::Backend::begin(Op& op, OpKind kind, std::int32_t private_word, std::uint8_t detail) {
  Access::begin(op, kind, private_word);
  Access::detail(op) = detail;
  ++in_flight;
}

io_uring_sqe& Io::Backend::submission(Op& op, std::uint8_t opcode, int descriptor) {
  io_uring_sqe& slot = ring.slot();
  slot.opcode = opcode;
  slot.fd = descriptor;
  slot.user_data = mark(op);
  return slot;
}

std::size_t Io::Backend::turn(Instant deadline) {
  HEADRACE_CHECK(pthread_equal(owner_, pthread_self()) != 0, "this thread is not the owner");
  HEADRACE_CHECK(!in_turn_, "a turn was begun inside a turn");
  in_turn_ = true;
  ++counters.turns;
  small.publish();
  bulk.publish();
  submit_and_wait(deadline);
  now = read_clock();
  wall_read = false;
  // All are taken out before the first is handed out: what handlers do cannot disturb the queue.
  const std::size_t count = ring.take(taken_);
  for (std::size_t i = 0; i < count; ++i)
    hand_out(taken_[i]);
  counters.completions += count;
  in_turn_ = false;
  return count;
}

void Io::Backend::submit_and_wait(Instant deadline) {
  const bool may_wait = ring.completions_ready() == 0 && deadline > now;
  if (!may_wait) {
    if (ring.unsubmitted() != 0 || ring.has_work()) ring.submit_and_collect(counters);
  } else if (options.spin == Duration::zero() || !spin(deadline)) {
    if (doorbell.fall_asleep()) {
      ring.wait(deadline, counters);
      doorbell.wake_up();
    } else {
      ring.submit_and_collect(counters);
    }
  }
  if (ring.unsubmitted() == 0) scratch.reset();
}

bool Io::Backend::spin(Instant deadline) {
  if (ring.unsubmitted() != 0 || ring.has_work()) ring.submit_and_collect(counters);
  if (ring.completions_ready() != 0) return true;
  const Instant start = read_clock();
  const Instant end = std::min(deadline, start + options.spin);
  Instant last = start;
  bool found = false;
  for (unsigned i = 1; !found && last < end; ++i) {
    if (ring.has_work()) ring.submit_and_collect(counters);
    found = ring.completions_ready() != 0 || doorbell.rung();
    _mm_pause();
    if (i % kSpinsPerClockRead == 0) last = read_clock();
  }
  counters.spin_nanos += static_cast<std::uint64_t>((read_clock() - start).count());
  return found && !doorbell.rung();
}

void Io::Backend::hand_out(const uring::TakenCompletion& taken) {
  if ((taken.user_data & kOwnBit) != 0) {
    take_own(taken);
    return;
  }
  // The kernel carries the address as a number.
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  Op& op = *reinterpret_cast<Op*>(taken.user_data & kAddressMask);
  Completion completion{.result = taken.result,
                        .more = (taken.flags & IORING_CQE_F_MORE) != 0,
                        .may_have_more = (taken.flags & IORING_CQE_F_SOCK_NONEMPTY) != 0,
                        .buffer = lease_of(taken)};
  if (!op.in_flight() || Access::generation(op) != taken.user_data >> kGenerationShift) {
    ++counters.stale_completions;
    return;
  }
  switch (op.kind()) {
    case OpKind::recv_multishot:
    case OpKind::recv_provided:
      if (completion.result == -ENOBUFS) {
        if ((Access::detail(op) & kCancelAsked) == 0 && receive_again(op)) return;
        ++counters.buffers_exhausted;
      }
      [[fallthrough]];
    case OpKind::accept:
      if (!completion.more) completion.more = rearm(op, completion);
      break;
    case OpKind::send:
    case OpKind::send_vector:
      pins.release(Access::descriptor(op));
      break;
    case OpKind::splice:
      if (!step_splice(op, completion)) return;
      break;
    case OpKind::shutdown:
      completion.result = Access::descriptor(op);
      break;
    default:
      break;
  }
  if (!completion.more) {
    Access::finish(op);
    --in_flight;
  }
  Access::deliver(op, completion);
}

bool Io::Backend::step_splice(Op& op, Completion& completion) {
  const std::int32_t number = Access::descriptor(op);
  if (completion.result < 0 || (Access::detail(op) & kCancelAsked) != 0) {
    splices.abandon(number);
    completion.result = -ECANCELED;
    return true;
  }
  const std::optional<std::int32_t> result = splices.step(number);
  if (!result) {
    submit_splice_poll(op);
    return false;
  }
  completion.result = *result;
  return true;
}

// The kernel had no buffer, but there are some: it is given more, and nobody need know.
bool Io::Backend::receive_again(Op& op) {
  uring::BufferRing& buffers = (Access::detail(op) & kBulk) != 0 ? bulk : small;
  if (!buffers.replenish()) return false;
  submit_receive(op);
  ++counters.rearms;
  return true;
}

bool Io::Backend::rearm(Op& op, const Completion& completion) {
  if ((Access::detail(op) & kCancelAsked) != 0) return false;
  if (op.kind() == OpKind::accept && completion.result >= 0) {
    submit_accept(op);
  } else if (op.kind() == OpKind::recv_multishot && completion.result > 0) {
    submit_receive(op);
  } else {
    return false;
  }
  ++counters.rearms;
  return true;
}

BufferLease Io::Backend::lease_of(const uring::TakenCompletion& taken) {
  if ((taken.flags & IORING_CQE_F_BUFFER) == 0) return {};
  const auto index = static_cast<std::uint16_t>(taken.flags >> IORING_CQE_BUFFER_SHIFT);
  const std::size_t size = taken.result > 0 ? static_cast<std::size_t>(taken.result) : 0;
  BufferLease lease = ((taken.user_data & kBulkBit) != 0 ? bulk : small).lease(index, size);
  if (size == 0) lease.reset();  // the end of the stream needs no buffer
  return lease;
}

void Io::Backend::take_own(const uring::TakenCompletion& taken) {
  switch (taken.user_data & kOwnMarkMask) {
    case kDoorbellMark:
      if ((taken.flags & IORING_CQE_F_MORE) == 0) arm_doorbell();
      break;
    case kMessageMark:
      // The other ring did not take the message: wake its shard the other way.
      uring::Doorbell::sound(static_cast<int>(taken.user_data >> kOwnMarkShift));
      break;
    default:
      break;
  }
}

}  // namespace headrace::core
