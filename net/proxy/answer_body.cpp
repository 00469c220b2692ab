#include "net/proxy/answer_body.h"

#include <cstring>
#include <utility>

#include "core/planted_bug.h"
#include "net/cache/shard_cache.h"
#include "net/edge/lease_queue.h"
#include "net/http/chunk_writer.h"
#include "net/proxy/answer_queue.h"
#include "net/shard_context.h"

namespace headrace::net {

AnswerBody::Taken AnswerBody::take(core::BufferLease lease, std::size_t offset,
                                   std::string_view head) {
  http::BodyFramer framer(framing_);
  Bytes rest(lease.data() + offset, lease.size() - offset);
  held_run_ = {};
  End end = decoder_.complete() ? End::complete : End::open;
  while (end == End::open && !rest.empty()) {
    const http::ChunkStep step = decoder_.next(rest);
    if (step.status == http::ChunkStatus::bad) {
      end = End::broken;
      break;
    }
    if (step.status == http::ChunkStatus::data) {
      const auto at = static_cast<std::size_t>(step.data.data() - rest.data());
      relay_run(rest.subspan(at, step.data.size()), framer);
    }
    rest = rest.subspan(step.consumed);
    if (decoder_.complete()) end = End::complete;
    if (step.status == http::ChunkStatus::need_more) break;
  }
  if (end == End::complete) {
    // An event without its empty line at the very end is still the client's.
    if (policy::StreamMeter* stream = meter_.stream()) stream->finish();
    if (held_bytes_ > 0) queue_held();
    pass_on_held_run(framer);
    if (!core::planted(core::PlantedBug::last_chunk_dropped))
      framer.last_chunk(lease.data() + offset - http::kLastChunk.size());
  } else if (!held_run_.empty()) {
    hold(std::exchange(held_run_, {}), framer);
  }
  if (!queue(std::move(lease), offset, head, framer)) end = End::no_memory;
  return {.end = end, .leftovers = !rest.empty()};
}

void AnswerBody::meter_ahead(std::span<const std::byte> whole) {
  policy::UsageScanner* document = meter_.document();
  if (document == nullptr) return;
  document->feed(whole);
  metered_ahead_ = true;
}

void AnswerBody::relay_run(Bytes run, http::BodyFramer& framer) {
  policy::UsageScanner* document = meter_.document();
  if (document != nullptr && !metered_ahead_) document->feed(run);
  if (policy::ProviderErrorReader* error = meter_.error()) error->feed(run);
  policy::StreamMeter* stream = meter_.stream();
  if (stream == nullptr) {
    pass_on(run, framer);
    return;
  }
  stream->feed(run);
  while (const auto piece = stream->next()) {
    const auto at = static_cast<std::size_t>(piece->bytes.data() - run.data());
    const Bytes bytes = run.subspan(at, piece->bytes.size());
    using enum policy::StreamPiece::Verdict;
    switch (piece->verdict) {
      case drop:
        if (!beginning_went_) {
          drop_held();
          held_run_ = {};
          break;
        }
        // Its beginning is with the client: half of an event is worse than one too many.
        [[fallthrough]];
      case forward:
        beginning_went_ = false;
        if (core::planted(core::PlantedBug::held_event_dropped)) drop_held();
        if (held_bytes_ > 0) queue_held();
        pass_on_held_run(framer);
        if (!bytes.empty()) pass_on(bytes, framer);
        break;
      case hold:
        extend_held_run(bytes);
        break;
    }
  }
}

// To the client, and into the cache where the answer is kept.
void AnswerBody::pass_on(Bytes bytes, http::BodyFramer& framer) {
  if (session_ != nullptr) shard_->cache->keep_bytes(*session_, bytes);
  framer.append(bytes);
}

void AnswerBody::pass_on_held_run(http::BodyFramer& framer) {
  if (!held_run_.empty()) pass_on(std::exchange(held_run_, {}), framer);
}

// An event cut by chunks within one buffer is kept in one piece there.
void AnswerBody::extend_held_run(Bytes bytes) {
  if (held_run_.empty()) {
    held_run_ = bytes;
    return;
  }
  std::byte* end = held_run_.data() + held_run_.size();
  if (end != bytes.data()) std::memmove(end, bytes.data(), bytes.size());
  held_run_ = {held_run_.data(), held_run_.size() + bytes.size()};
}

// The buffer goes on its way; the beginning of an event whose end has not come stays with us.
void AnswerBody::hold(Bytes run, http::BodyFramer& framer) {
  if (!held_) held_ = shard_->head_blocks.take();
  if (!held_ || held_bytes_ + run.size() > held_.size() - http::kLastChunk.size()) {
    // No memory for good manners: it goes on as it is.
    if (held_bytes_ > 0) queue_held();
    pass_on(run, framer);
    beginning_went_ = true;
    return;
  }
  std::memcpy(held_.data() + held_bytes_, run.data(), run.size());
  held_bytes_ += static_cast<std::uint32_t>(run.size());
}

void AnswerBody::queue_held() {
  http::BodyFramer framer(framing_);
  pass_on({held_.data(), held_bytes_}, framer);
  bytes_ += framer.body_bytes();
  held_bytes_ = 0;
  out_->push_block(std::move(held_), framer.finish());
}

void AnswerBody::drop_held() {
  held_bytes_ = 0;
  held_.reset();
}

// The head goes into the room before the body's first byte, so that both leave as one run.
bool AnswerBody::queue(core::BufferLease lease, std::size_t offset, std::string_view head,
                       http::BodyFramer& framer) {
  bytes_ += framer.body_bytes();
  Bytes bytes = framer.finish();
  if (!head.empty()) {
    std::byte* body = bytes.empty() ? lease.data() + offset : bytes.data();
    const auto room = static_cast<std::size_t>(body - lease.data()) + kRewriteRoom;
    if (head.size() <= room) {
      std::memcpy(body - head.size(), head.data(), head.size());
      bytes = {body - head.size(), head.size() + bytes.size()};
    } else if (!out_->push_text(head)) {
      return false;  // a body must not go out without its head
    }
  }
  if (!bytes.empty()) out_->push_received(std::move(lease), bytes);
  return true;
}

// The body ended with the connection: what is held goes out, then our own framing's end.
bool AnswerBody::provider_closed() {
  if (policy::StreamMeter* stream = meter_.stream()) stream->finish();
  if (held_bytes_ > 0) queue_held();
  return say_end();
}

bool AnswerBody::say_event(std::string_view event) {
  // After an event that was cut an empty line must come first.
  const std::string_view gap = std::string_view("\n\n").substr(part_has_gone() ? 0 : 2);
  drop_held();
  core::BufferLease block = shard_->head_blocks.take();
  if (!block || gap.size() + event.size() + http::kLastChunk.size() > block.size()) return false;
  std::memcpy(block.data(), gap.data(), gap.size());
  std::memcpy(block.data() + gap.size(), event.data(), event.size());
  http::BodyFramer framer(framing_);
  framer.append({block.data(), gap.size() + event.size()});
  out_->push_block(std::move(block), framer.finish());
  return true;
}

bool AnswerBody::say_end() {
  return framing_ != http::BodyFraming::chunked || out_->push_text(http::kLastChunk);
}

void AnswerBody::forget() {
  meter_.stop();
  metered_ahead_ = false;
  bytes_ = 0;
  session_ = nullptr;
}

}  // namespace headrace::net
