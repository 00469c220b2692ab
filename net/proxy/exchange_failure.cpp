// The upstream stage of an exchange, when it goes wrong: connections that end or prove dead, calls
// that fail, and how they are given up.
#include <utility>

#include "core/planted_bug.h"
#include "net/edge/downstream_connection.h"
#include "net/proxy/exchange.h"
#include "net/shard_context.h"
#include "net/upstream/upstream_connection.h"
#include "net/upstream/upstream_pool.h"

namespace headrace::net {

using http::BodyFraming;

void Exchange::on_upstream_ended(PeerEnd end) {
  const bool answering =
      state_ == ExchangeState::relaying || state_ == ExchangeState::judging_answer;
  if (answering && !answer_.ended) {
    if (answer_.body.provider_framing() == BodyFraming::until_close && end == PeerEnd::finished) {
      answer_complete(false);
    } else {
      upstream_broken(UpstreamFailure::truncated);
    }
    return;
  }
  upstream_broken(answer_.seen ? UpstreamFailure::truncated : UpstreamFailure::closed_early);
}

void Exchange::upstream_broken(UpstreamFailure failure) {
  if (awaits_last_byte_) {
    upstream_failed(failure);
    return;
  }
  const bool unsafe = core::planted(core::PlantedBug::replayed_again);
  const bool stale = call_.connection != nullptr &&
                     (call_.connection->requests_before() > 0 || unsafe) && !answer_.seen &&
                     (!call_.replayed || unsafe) && !streams_up_ && !answer_.early &&
                     failure == UpstreamFailure::closed_early;
  if (stale && message_ != nullptr) {
    // While the kernel may still read from the request it cannot be sent elsewhere.
    if (call_.connection->transport().sending()) {
      call_.replay_when_sent = true;
    } else {
      replay();
    }
    return;
  }
  upstream_failed(failure);
}

// A kept connection that died before a byte of the answer: most likely it was closed while our
// request was on its way, so nobody has read it. Once, and on a fresh connection.
void Exchange::replay() {
  call_.replayed = true;
  shard_->counters.add(ShardCount::upstream_replays);
  std::exchange(call_.connection, nullptr)->abandon(nullptr);
  call_.sent = call_.last_leaves = false;
  call_upstream();
}

void Exchange::upstream_failed(UpstreamFailure failure) {
  // Nobody is there for whom it could be sent again, or who could be told.
  if (awaits_last_byte_) {
    failure_ = failure;
    end_attempt(end_of_failure(failure));
    end_detached();
    return;
  }
  if (state_ == ExchangeState::judging_answer && answer_is_withheld(false)) return;
  // What is still on its way to it must end before it can go elsewhere.
  if (failure == UpstreamFailure::closed_early && !call_.broken_sending &&
      call_.connection != nullptr && call_.connection->transport().sending() && may_try_again()) {
    call_.broken_sending = true;
    set_deadline(kLastWordsTime);
    return;
  }
  failure_ = failure;
  shard_->counters.add(ShardCount::upstream_failures);
  const policy::AttemptEnd end = end_of_failure(failure);
  end_attempt(end);
  if (silent_ != nullptr) {
    abandon_upstream();
    attend_to_silent();
    return;
  }
  if (answer_.started && !core::planted(core::PlantedBug::answered_twice) &&
      !core::planted(core::PlantedBug::retried_after_first_byte)) {
    answer_broken(failure);
    return;
  }
  abandon_upstream();
  if (const auto delay = plan_retry(end)) {
    retry_in(*delay);
    return;
  }
  if (failure == UpstreamFailure::pool_timeout) {
    reply(policy::Reason::overloaded, policy::MessageId::provider_busy);
  } else if (failure == UpstreamFailure::descriptors) {
    reply(policy::Reason::overloaded, policy::MessageId::no_connection_left);
  } else if (failure == UpstreamFailure::no_memory) {
    reply(policy::Reason::overloaded, policy::MessageId::no_memory_for_answers);
  } else if (is_timeout(failure)) {
    reply(policy::Reason::upstream_timeout, policy::MessageId::provider_slow);
  } else if (failure == UpstreamFailure::invalid_answer) {
    reply(policy::Reason::upstream_failed, policy::MessageId::provider_unreadable);
  } else if (tries_.count > 1) {
    reply(policy::Reason::upstream_failed,
          {policy::MessageId::attempts_used_up, std::uint64_t{tries_.count}});
  } else {
    reply(policy::Reason::upstream_failed, policy::MessageId::provider_unreachable);
  }
}

void Exchange::abandon_upstream() {
  call_.last_leaves = call_.may_be_whole();
  if (call_.pool != nullptr && call_.connection == nullptr) call_.pool->forget(*this);
  if (call_.connection == nullptr) return;
  UpstreamConnection* connection = std::exchange(call_.connection, nullptr);
  if (core::planted(core::PlantedBug::returned_while_busy) && !connection->transport().sending())
    return connection->release();
  if (connection->transport().sending()) {
    connection->abandon(std::exchange(message_, nullptr));
  } else {
    connection->abandon(nullptr);
  }
}

void Exchange::release_message() {
  if (message_ == nullptr) return;
  // A client that was too slow with its body is answered while the kernel may still write to it.
  Transport& transport = downstream_->transport();
  if (message_->lease && transport.receiving_into()) {
    transport.keep_for_receive(std::move(message_->lease));
  }
  shard_->messages.destroy(*std::exchange(message_, nullptr));
}

}  // namespace headrace::net
