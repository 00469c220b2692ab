// Starting operations: each writes one submission, handed over at the next turn.
#include <cstring>

#include <sys/socket.h>

#include "core/check.h"
#include "core/uring/backend.h"
#include "core/uring/kernel_abi.h"

namespace headrace::core {
namespace {

using Access = Op::Access;

// A send goes on in the kernel until all is sent.
constexpr unsigned kSendFlags = MSG_NOSIGNAL | MSG_WAITALL;

unsigned send_flags(SendMore more) {
  return kSendFlags | (more == SendMore::yes ? unsigned{MSG_MORE} : 0U);
}

int number(Socket socket) {
  return static_cast<int>(socket);
}

std::uint64_t address_of(const void* memory) {
  return reinterpret_cast<std::uintptr_t>(memory);
}

}  // namespace

void Io::Backend::submit_accept(Op& op) {
  make_room(0);
  io_uring_sqe& slot = submission(op, IORING_OP_ACCEPT, Access::descriptor(op));
  slot.accept_flags = SOCK_CLOEXEC;
  if (features.accept_multishot) slot.ioprio = IORING_ACCEPT_MULTISHOT;
}

void Io::Backend::submit_receive(Op& op) {
  make_room(0);
  io_uring_sqe& slot = submission(op, IORING_OP_RECV, Access::descriptor(op));
  slot.flags = IOSQE_BUFFER_SELECT;
  slot.buf_group = (Access::detail(op) & kBulk) != 0 ? kBulkGroup : kSmallGroup;
  if (op.kind() == OpKind::recv_multishot && features.recv_multishot) {
    slot.ioprio = IORING_RECV_MULTISHOT;
  }
}

uring::Pins::List Io::Backend::pin(std::span<const iovec> slices) {
  uring::Pins::List list = uring::Pins::kNone;
  for (const iovec& slice : slices) {
    if (small.contains(slice.iov_base)) {
      pins.add(list, small, slice.iov_base);
    } else if (bulk.contains(slice.iov_base)) {
      pins.add(list, bulk, slice.iov_base);
    }
  }
  return list;
}

void Io::Backend::submit_splice_poll(Op& op) {
  make_room(0);
  const auto [descriptor, events] = splices.awaited(Access::descriptor(op));
  io_uring_sqe& slot = submission(op, IORING_OP_POLL_ADD, descriptor);
  slot.poll32_events = events;
}

void Io::accept_multishot(Op& op, Socket listener) {
  backend_->begin(op, OpKind::accept, number(listener));
  backend_->submit_accept(op);
}

void Io::connect(Op& op, Socket socket, const SocketAddress& address) {
  const socklen_t length = address.native_length();
  backend_->make_room(length);
  backend_->begin(op, OpKind::connect, number(socket));
  auto* copy = backend_->scratch.take<std::byte>(length);
  std::memcpy(copy, address.native(), length);
  io_uring_sqe& slot = backend_->submission(op, IORING_OP_CONNECT, number(socket));
  slot.addr = address_of(copy);
  slot.off = length;
}

void Io::recv_multishot(Op& op, Socket socket, BufferGroup group) {
  backend_->begin(op, OpKind::recv_multishot, number(socket),
                  group == BufferGroup::bulk ? Backend::kBulk : std::uint8_t{0});
  backend_->submit_receive(op);
}

void Io::recv_provided(Op& op, Socket socket, BufferGroup group) {
  backend_->begin(op, OpKind::recv_provided, number(socket),
                  group == BufferGroup::bulk ? Backend::kBulk : std::uint8_t{0});
  backend_->submit_receive(op);
}

void Io::recv_into(Op& op, Socket socket, std::span<std::byte> into) {
  HEADRACE_CHECK(!into.empty(), "a receive into nothing looks like the end of the stream");
  backend_->make_room(0);
  backend_->begin(op, OpKind::recv_into, number(socket));
  io_uring_sqe& slot = backend_->submission(op, IORING_OP_RECV, number(socket));
  slot.addr = address_of(into.data());
  slot.len = static_cast<std::uint32_t>(into.size());
}

void Io::send(Op& op, Socket socket, std::span<const std::byte> bytes, SendMore more) {
  const iovec slice{.iov_base = const_cast<std::byte*>(bytes.data()), .iov_len = bytes.size()};
  backend_->make_room(0);
  backend_->begin(op, OpKind::send, backend_->pin({&slice, 1}));
  io_uring_sqe& slot = backend_->submission(op, IORING_OP_SEND, number(socket));
  slot.addr = address_of(bytes.data());
  slot.len = static_cast<std::uint32_t>(bytes.size());
  slot.msg_flags = send_flags(more);
}

void Io::send_vector(Op& op, Socket socket, std::span<const iovec> slices, SendMore more) {
  HEADRACE_CHECK(slices.size() <= kSendSlicesMax, "too many slices for one send");
  backend_->make_room(sizeof(msghdr) + uring::SubmissionScratch::kAlignment + slices.size_bytes());
  backend_->begin(op, OpKind::send_vector, backend_->pin(slices));
  auto* copies = backend_->scratch.take<iovec>(slices.size());
  std::memcpy(copies, slices.data(), slices.size_bytes());
  const bool vectorized = backend_->features.send_vectorized;
  io_uring_sqe& slot =
      backend_->submission(op, vectorized ? IORING_OP_SEND : IORING_OP_SENDMSG, number(socket));
  slot.msg_flags = send_flags(more);
  if (vectorized) {
    slot.ioprio = uring::kSendVectorized;
    slot.addr = address_of(copies);
    slot.len = static_cast<std::uint32_t>(slices.size());
  } else {
    auto* message = backend_->scratch.take<msghdr>();
    *message = {};
    message->msg_iov = copies;
    message->msg_iovlen = slices.size();
    slot.addr = address_of(message);
    slot.len = 1;
  }
}

void Io::splice(Op& op, Socket from, Socket to, std::size_t bytes) {
  HEADRACE_CHECK(bytes != 0, "moving nothing looks like the end of the stream");
  backend_->begin(op, OpKind::splice, backend_->splices.add(from, to, bytes));
  backend_->submit_splice_poll(op);
}

bool Io::splice_held_up(const Op& op) const {
  HEADRACE_CHECK(op.in_flight() && op.kind() == OpKind::splice);
  return backend_->splices.held_up(Access::descriptor(op));
}

void Io::shutdown(Op& op, Socket socket, ShutdownSide side) {
  // The kernel would give IORING_OP_SHUTDOWN to a worker thread, which costs more than all the
  // rest. The call itself waits for nothing, but must come after the socket's sends that are
  // queued.
  if (backend_->ring.holds_send(number(socket))) backend_->flush();
  const int outcome = ::shutdown(number(socket), side == ShutdownSide::send ? SHUT_WR : SHUT_RDWR);
  backend_->make_room(0);
  backend_->begin(op, OpKind::shutdown, outcome == 0 ? 0 : -errno);
  backend_->submission(op, IORING_OP_NOP, -1);
}

void Io::close(Op& op, Socket socket) {
  backend_->make_room(0);
  backend_->begin(op, OpKind::close, number(socket));
  backend_->submission(op, IORING_OP_CLOSE, number(socket));
}

void Io::cancel(Op& op, Op& target) {
  backend_->make_room(0);
  backend_->begin(op, OpKind::cancel, -1);
  if (target.in_flight()) Access::detail(target) |= Backend::kCancelAsked;
  io_uring_sqe& slot = backend_->submission(op, IORING_OP_ASYNC_CANCEL, -1);
  slot.addr = Backend::mark(target);
}

}  // namespace headrace::core
