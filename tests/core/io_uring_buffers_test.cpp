// Leases, pins and what is fatal: nobody may touch what the kernel still reads or writes.
#include <array>
#include <thread>

#include "tests/core/io_uring_world.h"

namespace headrace::core {
namespace {

class IoUringBuffers : public IoUring {
 protected:
  // A lease on a buffer that holds `text`.
  BufferLease received(const Pair& pair, std::string_view text, BufferGroup group) {
    Recorder receiving;
    receiving.keeps_buffers = true;
    write_to(pair.second, text);
    io().recv_provided(receiving.op, pair.first, group);
    finish(receiving);
    EXPECT_EQ(receiving.bytes, text);
    return std::move(receiving.buffers.front());
  }
};
HEADRACE_FOR_ALL_FEATURE_SETS(IoUringBuffers);

TEST_P(IoUringBuffers, HaveHeadroomAndPaddingOfTheirOwn) {
  const Pair pair = unix_pair();
  for (const BufferGroup group : {BufferGroup::small, BufferGroup::bulk}) {
    const std::size_t bytes =
        group == BufferGroup::small ? options().small_buffer_bytes : options().bulk_buffer_bytes;
    const std::string full(bytes, 'a');
    const BufferLease first = received(pair, full, group);
    const BufferLease second = received(pair, full, group);
    std::memset(first.data() - kBufferHeadroom, 'h', kBufferHeadroom);
    std::memset(second.data() - kBufferHeadroom, 'h', kBufferHeadroom);
    std::memset(first.data() + first.size(), 'p', kBufferPadding);
    std::memset(second.data() + second.size(), 'p', kBufferPadding);
    for (const BufferLease* lease : {&first, &second}) {
      EXPECT_EQ(lease->size(), bytes);
      EXPECT_EQ(std::memcmp(lease->data(), full.data(), bytes), 0);
    }
  }
}

TEST_P(IoUringBuffers, AreCountedWhileLeased) {
  const Pair pair = unix_pair();
  {
    const BufferLease small = received(pair, "a", BufferGroup::small);
    const BufferLease bulk = received(pair, "b", BufferGroup::bulk);
    EXPECT_EQ(io().buffers_leased(BufferGroup::small), 1U);
    EXPECT_EQ(io().buffers_leased(BufferGroup::bulk), 1U);
  }
  EXPECT_EQ(io().buffers_leased(BufferGroup::small), 0U);
  EXPECT_EQ(io().buffers_leased(BufferGroup::bulk), 0U);
}

TEST_P(IoUringBuffers, MayBeGivenBackOnceTheSendHasCompleted) {
  const Pair from = unix_pair();
  const Pair to = unix_pair();
  for (int round = 0; round < 3; ++round) {
    BufferLease first = received(from, "from here ", BufferGroup::small);
    BufferLease second = received(from, "to there", BufferGroup::bulk);
    const std::array<iovec, 3> slices{iovec{first.data(), 5}, iovec{first.data() + 5, 5},
                                      iovec{second.data(), second.size()}};
    Recorder sending;
    io().send_vector(sending.op, to.first, slices);
    finish(sending);
    first.reset();
    second.reset();
    EXPECT_EQ(read_some(to.second), "from here to there");
  }
}

TEST_P(IoUringBuffers, MayBeGivenBackInsideTheHandlerOfTheSend) {
  const Pair from = unix_pair();
  BufferLease lease = received(from, "echo", BufferGroup::small);
  Recorder sending;
  sending.then = [&] { lease.reset(); };
  io().send(sending.op, from.first, lease.bytes());
  finish(sending);
  EXPECT_FALSE(lease);
}

using IoUringBuffersDeath = IoUringBuffers;
HEADRACE_FOR_ALL_FEATURE_SETS(IoUringBuffersDeath);

// Each runs in a process of its own, which also makes the ring that it breaks the rules of.
TEST_P(IoUringBuffersDeath, GivingBackABufferInFlightIsFatal) {
  EXPECT_DEATH(
      {
        make(options());
        const Pair pair = unix_pair();
        BufferLease lease = received(pair, "in flight", BufferGroup::small);
        Recorder sending;
        io().send(sending.op, pair.first, lease.bytes());
        lease.reset();
      },
      "while an operation in flight read from it");
}

TEST_P(IoUringBuffersDeath, SendingFromABufferThatWasGivenBackIsFatal) {
  EXPECT_DEATH(
      {
        make(options());
        const Pair pair = unix_pair();
        BufferLease lease = received(pair, "gone", BufferGroup::bulk);
        const std::span<std::byte> bytes = lease.bytes();
        lease.reset();
        Recorder sending;
        io().send(sending.op, pair.first, bytes);
      },
      "a buffer that is not leased");
}

TEST_P(IoUringBuffersDeath, ALeaseThatOutlivesItsIoIsFatal) {
  EXPECT_DEATH(
      {
        make(options());
        const BufferLease lease = received(unix_pair(), "left over", BufferGroup::small);
        drop_io();
      },
      "outlived its Io");
}

TEST_P(IoUringBuffersDeath, DestroyingAnOpInFlightIsFatal) {
  EXPECT_DEATH(
      {
        make(options());
        Recorder receiving;
        io().recv_multishot(receiving.op, unix_pair().first, BufferGroup::small);
      },
      "while the kernel held it");
}

TEST_P(IoUringBuffersDeath, ATurnOnAThreadThatIsNotTheOwnerIsFatal) {
  EXPECT_DEATH(std::thread([&] { io().turn(Instant::min()); }).join(), "is not the owner");
}

}  // namespace
}  // namespace headrace::core
