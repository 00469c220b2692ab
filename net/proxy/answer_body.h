// An answer's body on its way from the provider to the client, in place:
//
//   received -> provider's framing off -> meter -> events that are not the client's out
//            -> into the cache, where it is kept -> client's framing on -> AnswerQueue
//
// The piece of an event whose end has not come is held back where the meter may yet say that the
// event is not the client's (a usage chunk that only we asked for); its buffer goes on.
//
// Use: expect() and send_as(), then take() for each received buffer until it says that the body has
// ended or is broken; where the provider's framing is its connection's end, provider_closed().
// Threads: one shard.  Lifetime: an exchange's.
// Errors:  without memory to hold a piece, it goes on unjudged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/buffer_lease.h"
#include "net/http/body_decoder.h"
#include "net/http/body_framer.h"
#include "net/proxy/answer_meter.h"

namespace headrace::net {

class AnswerQueue;
struct CacheSession;
struct ShardContext;

class AnswerBody {
 public:
  enum class End : std::uint8_t {
    open,      // more is to come
    complete,  // as the provider's framing says
    broken,    // what came is no body
    no_memory  // for the head that was to go before it
  };
  struct Taken {
    End end;
    bool leftovers;  // bytes came behind its end
  };

  AnswerBody(ShardContext& shard, AnswerQueue& out) : shard_(&shard), out_(&out) {}

  // --- before it comes -------------------------------------------------------------------------
  void expect(http::BodyFraming framing, std::uint64_t content_length) {
    decoder_ = http::BodyDecoder(framing, content_length);
    metered_ahead_ = false;
  }
  void send_as(http::BodyFraming framing) { framing_ = framing; }
  // All of a body that lies there already, so that the answer's head can say what it says; it is to
  // be taken all the same.
  void meter_ahead(std::span<const std::byte> whole);
  // What goes to the client is kept there as well, as far as it still keeps.
  void keep_in(CacheSession* session) { session_ = session; }
  [[nodiscard]] AnswerMeter& meter() { return meter_; }
  [[nodiscard]] const AnswerMeter& meter() const { return meter_; }

  // --- as it comes -----------------------------------------------------------------------------
  // The lease's bytes from `offset` on. `head` (of the answer, or empty) goes before them.
  Taken take(core::BufferLease lease, std::size_t offset, std::string_view head);
  // So many bytes have gone to the client by another way.
  void pass_over(std::uint64_t bytes) {
    bytes_ += bytes;
    decoder_.pass_over(bytes);
  }
  // The provider has ended its connection, which may be the body's end; false: no memory.
  bool provider_closed();

  // --- what we say in it -----------------------------------------------------------------------
  // An event of ours, behind what has gone and instead of what is held. False: no memory.
  bool say_event(std::string_view event);
  // One can follow: not where a part of an array's element has gone.
  [[nodiscard]] bool may_say_event() const { return is_event_stream() || !part_has_gone(); }
  // The client has no part of an event whose rest is still to come, so that all can end here.
  [[nodiscard]] bool is_whole_so_far() const { return !part_has_gone(); }
  // The client's framing ends; false: no memory.
  bool say_end();
  // Nothing of an event is with the client whose rest is still to come.
  [[nodiscard]] bool between_events() const { return held_bytes_ == 0 && !part_has_gone(); }
  // Of a stream: of its event whose end has not come.
  [[nodiscard]] std::uint64_t open_event_bytes() const {
    const policy::StreamMeter* stream = meter_.stream();
    return stream == nullptr ? 0 : stream->open_event_bytes();
  }
  // The body is one of events, which takes comments of ours.
  [[nodiscard]] bool is_event_stream() const {
    const policy::StreamMeter* stream = meter_.stream();
    return stream != nullptr && stream->form() == policy::StreamForm::events;
  }

  void drop_held();
  // Of a call that failed, when another one follows.
  void forget();
  // An answer that goes to the client whole, and by another way.
  void set_bytes(std::uint64_t bytes) { bytes_ = bytes; }

  [[nodiscard]] http::BodyFraming framing() const { return framing_; }
  [[nodiscard]] http::BodyFraming provider_framing() const { return decoder_.framing(); }
  // Still to come, of a body of known length.
  [[nodiscard]] std::uint64_t remaining() const { return decoder_.remaining(); }
  [[nodiscard]] bool complete() const { return decoder_.complete(); }
  // Passed on to the client, without framing and without what is ours.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  using Bytes = std::span<std::byte>;

  [[nodiscard]] bool part_has_gone() const {
    return beginning_went_ || !meter_.forwarded_whole_events();
  }
  void relay_run(Bytes run, http::BodyFramer& framer);
  void pass_on(Bytes bytes, http::BodyFramer& framer);
  void pass_on_held_run(http::BodyFramer& framer);
  void extend_held_run(Bytes bytes);
  void hold(Bytes run, http::BodyFramer& framer);
  void queue_held();
  bool queue(core::BufferLease lease, std::size_t offset, std::string_view head,
             http::BodyFramer& framer);

  ShardContext* shard_;
  AnswerQueue* out_;
  CacheSession* session_ = nullptr;
  http::BodyDecoder decoder_;
  AnswerMeter meter_;
  core::BufferLease held_;  // the piece of an event whose end has not come
  std::uint32_t held_bytes_ = 0;
  Bytes held_run_;  // within one call of take() only
  std::uint64_t bytes_ = 0;
  http::BodyFraming framing_ = http::BodyFraming::length;  // towards the client
  bool metered_ahead_ = false;
  bool beginning_went_ = false;  // of an event that should be held until it is judged
};

}  // namespace headrace::net
