#include "core/uring/kernel_support.h"

#include <array>
#include <memory>

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/uring/buffer_ring.h"
#include "core/uring/kernel_abi.h"
#include "core/uring/kernel_enter.h"

namespace headrace::core::uring {
namespace {

constexpr unsigned kTrialEntries = 4;
constexpr std::uint16_t kTrialGroup = 7;
constexpr std::uint32_t kTrialBuffers = 2;
constexpr std::uint32_t kTrialBufferBytes = 64;

// A ring and two connected sockets to try things on.
class Trial {
 public:
  Trial() {
    made_ = io_uring_queue_init(kTrialEntries, &ring_, 0) == 0;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets_.data()) != 0)
      sockets_ = {-1, -1};
  }
  ~Trial() {
    if (made_) io_uring_queue_exit(&ring_);
    for (const int socket : sockets_) {
      if (socket >= 0) close(socket);
    }
  }
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;

  [[nodiscard]] bool ready() const { return made_ && sockets_[0] >= 0; }

  [[nodiscard]] bool knows(int opcode) {
    const std::unique_ptr<io_uring_probe, void (*)(io_uring_probe*)> probe(
        io_uring_get_probe_ring(&ring_), io_uring_free_probe);
    return probe != nullptr && io_uring_opcode_supported(probe.get(), opcode) != 0;
  }

  [[nodiscard]] bool waits_idly() const { return (ring_.features & kFeatureIdleWait) != 0; }

  [[nodiscard]] bool waits_absolutely() {
    io_uring_getevents_arg argument{};
    const unsigned flags = IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG | kEnterAbsoluteTimer;
    return kernel_enter(ring_.ring_fd, 0, 0, flags, &argument, sizeof argument) >= 0;
  }

  [[nodiscard]] bool sends_vectors() {
    char byte = 'x';
    std::array<iovec, 2> slices{iovec{&byte, 1}, iovec{&byte, 1}};
    io_uring_sqe* slot = io_uring_get_sqe(&ring_);
    io_uring_prep_send(slot, sockets_[0], slices.data(), slices.size(), MSG_NOSIGNAL);
    slot->ioprio = kSendVectorized;
    // A kernel that ignored the flag would send the two bytes of the address: look at what came.
    std::array<char, 4> received{};
    return run().res == 2 &&
           recv(sockets_[1], received.data(), received.size(), MSG_DONTWAIT) == 2 &&
           received[0] == byte && received[1] == byte;
  }

  [[nodiscard]] bool receives_many() {
    BufferRing buffers;
    if (buffers.make(ring_, kTrialGroup, kTrialBuffers, kTrialBufferBytes) != 0) return false;
    if (write(sockets_[0], "x", 1) != 1) return false;
    io_uring_sqe* slot = io_uring_get_sqe(&ring_);
    io_uring_prep_recv(slot, sockets_[1], nullptr, 0, 0);
    slot->ioprio = IORING_RECV_MULTISHOT;
    slot->flags = IOSQE_BUFFER_SELECT;
    slot->buf_group = kTrialGroup;
    const io_uring_cqe outcome = run();
    // The ring is closed before the buffers go, and with it the receive that is still armed.
    io_uring_queue_exit(&ring_);
    made_ = false;
    return outcome.res == 1 && (outcome.flags & IORING_CQE_F_MORE) != 0;
  }

 private:
  io_uring_cqe run() {
    io_uring_cqe outcome{};
    io_uring_cqe* entry = nullptr;
    if (io_uring_submit_and_wait(&ring_, 1) < 0 || io_uring_peek_cqe(&ring_, &entry) != 0) {
      return outcome;
    }
    outcome.res = entry->res;
    outcome.flags = entry->flags;
    io_uring_cqe_seen(&ring_, entry);
    return outcome;
  }

  io_uring ring_{};
  std::array<int, 2> sockets_{-1, -1};
  bool made_ = false;
};

IoFeatures try_all() {
  IoFeatures found{.recv_multishot = false,
                   .accept_multishot = false,
                   .send_vectorized = false,
                   .ring_messages = false,
                   .absolute_waits = false,
                   .idle_waits = false};
  Trial trial;
  if (!trial.ready()) return found;
  found.accept_multishot = trial.knows(IORING_OP_SOCKET);  // both came with 5.19
  found.ring_messages = trial.knows(IORING_OP_MSG_RING);
  found.absolute_waits = trial.waits_absolutely();
  found.idle_waits = trial.waits_idly();
  found.send_vectorized = trial.sends_vectors();
  found.recv_multishot = trial.receives_many();  // uses the ring up
  return found;
}

}  // namespace

const IoFeatures& kernel_support() {
  static const IoFeatures found = try_all();
  return found;
}

IoFeatures supported(IoFeatures wanted) {
  const IoFeatures& found = kernel_support();
  wanted.recv_multishot &= found.recv_multishot;
  wanted.accept_multishot &= found.accept_multishot;
  wanted.send_vectorized &= found.send_vectorized;
  wanted.ring_messages &= found.ring_messages;
  wanted.absolute_waits &= found.absolute_waits;
  wanted.idle_waits &= found.idle_waits;
  return wanted;
}

}  // namespace headrace::core::uring
