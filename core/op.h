// One asynchronous operation, embedded in the object that waits for it.
//
// Lifetime:   an Op must stay where it is, and so must the bytes that it was given, until its last
//             completion was handled, cancelled or not (the kernel may still write until then).
//             Destroying an Op in flight is a fatal error.
// Completion: a one-shot operation completes exactly once; a multishot one any number of times with
//             `more` set and exactly once without. A cancelled operation still completes.
// Threads:    an Op belongs to one Io, and so to one shard.
#pragma once

#include <cstdint>

#include "core/buffer_lease.h"
#include "core/check.h"

namespace headrace::core {

struct Completion {
  std::int32_t result = 0;     // >= 0: bytes moved, or the new descriptor; < 0: -errno
  bool more = false;           // multishot: still armed, further completions follow
  bool may_have_more = false;  // receive: the socket had more bytes queued when this one was taken
  BufferLease buffer;          // receive into provided buffers: what was received
};

enum class OpKind : std::uint8_t {
  idle,
  accept,
  connect,
  recv_multishot,
  recv_provided,
  recv_into,
  send,
  send_vector,
  splice,
  poll,
  shutdown,
  close,
  cancel,
};

class Op {
 public:
  using Handler = void (*)(void* owner, Completion& completion);

  Op() = default;
  Op(const Op&) = delete;
  Op& operator=(const Op&) = delete;
  ~Op() { HEADRACE_CHECK(!in_flight(), "an operation was destroyed while the kernel held it"); }

  // Chooses who is told: op.bind<&Connection::on_received>(this). The method takes Completion&.
  template <auto Method, class Owner>
  void bind(Owner* owner) {
    owner_ = owner;
    handler_ = [](void* object, Completion& completion) {
      (static_cast<Owner*>(object)->*Method)(completion);
    };
  }

  [[nodiscard]] bool in_flight() const { return kind_ != OpKind::idle; }
  [[nodiscard]] OpKind kind() const { return kind_; }

  // For implementations of the seam only.
  struct Access;

 private:
  Handler handler_ = nullptr;
  void* owner_ = nullptr;
  std::int32_t descriptor_ = -1;
  std::uint16_t generation_ = 0;  // grows with each use: a completion of an earlier use is stale
  OpKind kind_ = OpKind::idle;
  std::uint8_t detail_ = 0;  // private to the implementation
};

static_assert(sizeof(Op) == 24, "two or three of these stand in every idle connection");

// The implementation's way in: begin() when an operation is handed over, finish() at its last
// completion, deliver() to call the handler.
struct Op::Access {
  static void begin(Op& op, OpKind kind, std::int32_t descriptor) {
    HEADRACE_CHECK(!op.in_flight(), "an operation was started twice");
    HEADRACE_CHECK(op.handler_ != nullptr, "an operation was started without a handler");
    op.kind_ = kind;
    op.descriptor_ = descriptor;
    ++op.generation_;
  }
  static void finish(Op& op) { op.kind_ = OpKind::idle; }
  static void deliver(Op& op, Completion& completion) { op.handler_(op.owner_, completion); }
  static std::uint16_t generation(const Op& op) { return op.generation_; }
  static std::int32_t descriptor(const Op& op) { return op.descriptor_; }
  static std::uint8_t& detail(Op& op) { return op.detail_; }
};

}  // namespace headrace::core
