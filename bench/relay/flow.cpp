#include "bench/relay/flow.h"

#include <array>
#include <cerrno>
#include <utility>

namespace headrace::bench {

using core::BufferGroup;
using core::Completion;
using core::Io;

namespace {
// What fits a small buffer twice is no reason to hold a big one.
constexpr std::int32_t kSmallMessage = 8192;
// The end of a big message is small too: only a second small one in a row ends the bulk.
constexpr int kBulkPatience = 2;
constexpr std::size_t kSpliceBytes = 1024 * 1024;
}  // namespace

Flow::Flow(Io& io, LeasePlaces& places, FlowOwner& owner, bool splices)
    : io_(io), owner_(owner), held_(places), splices_(splices) {
  receive_.bind<&Flow::on_received>(this);
  send_.bind<&Flow::on_sent>(this);
  other_.bind<&Flow::on_other>(this);
}

void Flow::start(core::Socket from, core::Socket to) {
  from_ = from;
  to_ = to;
  bulk_ = 0;
  ended_ = passed_on_ = failed_ = stopped_ = false;
  go_on();
}

bool Flow::quiet() const {
  return !receive_.in_flight() && !send_.in_flight() && !other_.in_flight();
}

void Flow::on_received(Completion& completion) {
  if (completion.buffer) {
    held_.push(std::move(completion.buffer));
    if (receives_bulk_) {
      judge_bulk(completion);
    } else if (held_.size() >= kHeldMax && !other_.in_flight()) {
      bulk_ = kBulkPatience;
      if (completion.more) io_.cancel(other_, receive_);
    }
  } else if (completion.result > 0) {
    judge_bulk(completion);
  } else if (completion.result == 0) {
    ended_ = true;
  } else if (completion.result != -ECANCELED && completion.result != -ENOBUFS) {
    failed_ = true;
  }
  go_on();
}

void Flow::judge_bulk(const Completion& completion) {
  if (completion.may_have_more || completion.result > kSmallMessage) {
    bulk_ = kBulkPatience;
  } else {
    --bulk_;
  }
}

void Flow::on_sent(Completion& completion) {
  if (completion.result != static_cast<std::int32_t>(sending_bytes_)) failed_ = true;
  held_.drop(std::exchange(sending_, 0));
  go_on();
}

void Flow::on_other(Completion&) {
  go_on();
}

void Flow::go_on() {
  if (stopped_ || failed_) {
    if (!send_.in_flight()) held_.drop(held_.size());
    owner_.on_flow_progress();
    return;
  }
  if (send_.in_flight()) return;
  if (!held_.empty()) {
    send_held();
  } else if (receive_.in_flight() || other_.in_flight()) {
    return;
  } else if (!ended_) {
    receive();
  } else if (!passed_on_) {
    passed_on_ = true;
    io_.shutdown(other_, to_, core::ShutdownSide::send);
  } else {
    owner_.on_flow_progress();
  }
}

void Flow::receive() {
  receives_bulk_ = bulk_ != 0;
  if (!receives_bulk_) {
    io_.recv_multishot(receive_, from_, BufferGroup::small);
  } else if (!splices_) {
    io_.recv_provided(receive_, from_, BufferGroup::bulk);
  } else {
    io_.splice(receive_, from_, to_, kSpliceBytes);
  }
}

void Flow::send_held() {
  std::array<iovec, Io::kSendSlicesMax> slices;
  sending_ = held_.gather(slices);
  sending_bytes_ = 0;
  for (std::size_t i = 0; i < sending_; ++i)
    sending_bytes_ += slices[i].iov_len;
  if (sending_ == 1) {
    io_.send(send_, to_, {static_cast<const std::byte*>(slices[0].iov_base), slices[0].iov_len});
  } else {
    io_.send_vector(send_, to_, std::span(slices).first(sending_));
  }
}

}  // namespace headrace::bench
