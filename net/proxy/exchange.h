// One request's story from its head to its record, in stage order (policy/stages.h):
//
//   exchange_head.cpp      head: becomes a request
//   exchange_identify.cpp  identify
//   exchange_body.cpp      body, body facts
//   exchange_stages.cpp    the row from guard to upstream, and how a request waits in it (parked)
//   exchange_guard.cpp     guard
//   exchange_admit.cpp     admit
//   exchange_cache.cpp     cache: answers from it
//   exchange_keep.cpp      whether it keeps an answer
//   exchange_route.cpp     route
//   exchange_reserve.cpp   reserve: of the caller's limits
//   exchange_target_limits.cpp  ... of the target's; the next target where one has no room
//   exchange_queue.cpp     ... and waiting, where none has
//   exchange_intent.cpp    record: begun before upstream
//   exchange_upstream.cpp  upstream: connection, head and body sent, one safe replay
//   exchange_failure.cpp   ... when it fails
//   exchange_retry.cpp     when a request is sent again
//   exchange_hedge.cpp     a second call while the first provider is silent
//   exchange_upload.cpp    bodies that pass through unread
//   exchange_answer.cpp    relay: the answer's head
//   exchange_relay.cpp     relay and meter: its body (answer_body.h, answer_queue.h), its end
//   exchange_comments.cpp  comments to streams whose provider is silent
//   exchange_cut.cpp       the end of a stream that has used up what it may
//   exchange_detached.cpp  requests that go on without their client
//   exchange_reply.cpp     local replies, from any stage
//   exchange_cors.cpp      ... to browsers that ask what they may
//   exchange_pages.cpp     ... to who asks the gateway itself
//   exchange.cpp           states, deadlines, who leaves when, the end
//
// What makes nothing happen stands in the layers beneath (exchange_story.h shows them): what is
// known of the request, what it holds, used and tries, and what is told of it.
//
// The states and the moves between them that are legal stand in exchange_state.h.
//
// Threads:  one shard.
// Lifetime: from a head's end to DownstreamConnection::exchange_done() or the connection's death.
//           Between close and death of the connection the exchange only keeps bytes alive that the
//           kernel may still read.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/buffer_lease.h"
#include "core/cache/flight_desk.h"
#include "core/clock.h"
#include "net/cache/cache_user.h"
#include "net/edge/deadline.h"
#include "net/edge/transport.h"
#include "net/http/parse_error.h"
#include "net/proxy/exchange_report.h"
#include "net/proxy/exchange_state.h"
#include "net/queue/queue_user.h"
#include "net/upstream/upstream_user.h"
#include "policy/cache/cache_choice.h"
#include "policy/cache/cache_wish.h"
#include "policy/dialect/error_body.h"
#include "policy/dialect/refusal.h"
#include "policy/guard.h"
#include "policy/identify.h"
#include "policy/quota/limits_page.h"
#include "policy/record/intent_state.h"

namespace headrace::net {

struct IntentQueueTag;
struct RunQueueTag;

class Exchange final : public UpstreamUser,
                       public CacheUser,
                       public QueueUser,
                       public core::ListHook<RunQueueTag>,
                       public core::ListHook<IntentQueueTag>,
                       private ExchangeReport {
 public:
  Exchange(ShardContext& shard, DownstreamConnection& downstream);
  ~Exchange();

  // --- from the connection ---------------------------------------------------------------------
  // The head stands parsed in the shard's scratch; `message` holds `bytes` from its first on.
  void begin(core::BufferLease message, std::size_t head_bytes, std::size_t bytes);
  void refuse_head(http::ParseError error);
  void refuse_slow_head();
  // Its address has too many connections: said to the first request of this one.
  void refuse_connection();
  void on_downstream_received(core::BufferLease lease);
  void on_downstream_received_into(std::size_t bytes);
  void on_downstream_ended(PeerEnd end);
  void on_downstream_sent();
  void on_downstream_too_slow();
  // It takes its answer too slowly: its connection is about to be closed.
  void on_downstream_unread();
  // The connection dies: whatever runs upstream ends, the record is written.
  void on_downstream_closing();

  // --- from the upstream -----------------------------------------------------------------------
  void on_upstream_ready(UpstreamConnection& connection) override;
  void on_upstream_failed(UpstreamFailure failure) override;
  void on_upstream_received(core::BufferLease lease) override;
  void on_upstream_ended(PeerEnd end) override;
  void on_upstream_sent(bool all) override;
  void on_upstream_spliced(std::int32_t result) override;

  // --- from the other call, where there are two (exchange_hedge.cpp) ----------------------------
  void on_silent_answer(core::BufferLease lease);
  void on_silent_failed(UpstreamFailure failure);

  // --- from the cache --------------------------------------------------------------------------
  void on_cache_answer(core::CacheHold answer) override;
  void on_cache_turn(bool leads) override;
  void on_cache_unwanted() override;

  // --- from the queue --------------------------------------------------------------------------
  void on_queue_turn() override;
  void on_queue_refused(core::Duration wait) override;

  // --- from the shard --------------------------------------------------------------------------
  // Its client has left, and it goes on for others who wait for its answer, or for its usage.
  [[nodiscard]] bool detached() const { return detached_; }
  // Of a detached one: the connection has closed; the process does not wait for it.
  void on_downstream_gone();
  void on_closing();
  // From the run queue: the next piece of a large body is to be judged.
  void on_turn();
  // From the record keeper: the intent that it waited for is on the disk, or is lost.
  void on_intent_decided(policy::IntentState state);
  [[nodiscard]] std::uint64_t intent_place() const { return intent_place_; }
  [[nodiscard]] ExchangeState state() const { return state_; }

 private:
  static constexpr std::size_t kQueuedLeasesMax = 4;
  // One that is being sent and one behind it.
  static constexpr std::size_t kQueuedLeasesWhenShort = 2;
  // Of a failed answer that may not be the last one.
  static constexpr std::uint64_t kWithheldBytesMax = 32 * 1024;

  // --- states, deadlines, the end (exchange.cpp) -----------------------------------------------
  void move_to(ExchangeState next);
  void on_deadline();
  void set_deadline(core::Duration from_now);
  void finish();
  void end();
  void record();
  [[nodiscard]] bool ends_by_reset() const {
    return answer_.cut && !answer_.streaming &&
           answer_.body.framing() == http::BodyFraming::until_close;
  }

  // --- identify --------------------------------------------------------------------------------
  [[nodiscard]] bool identify(const http::RequestHead& head);
  [[nodiscard]] bool identify_by_certificate();
  [[nodiscard]] bool identify_by_token(const policy::Identity& identity);
  void note_key_use();
  // True: the provider is shown the key that it may be shown.
  [[nodiscard]] bool settle_own_key();

  // --- body ------------------------------------------------------------------------------------
  [[nodiscard]] bool looks_through(const http::RequestHead& head) const;
  // True: the whole body is there.
  [[nodiscard]] bool start_body(const http::RequestHead& head, std::size_t arrived);
  [[nodiscard]] bool start_form(std::string_view content_type);
  [[nodiscard]] bool hold_body(const http::RequestHead& head, std::size_t arrived);
  void take_body_bytes(std::span<const std::byte> bytes);
  void want_body();
  [[nodiscard]] bool reserve_body_room(std::size_t bytes);
  void send_continue();
  void body_arrived();
  void judge_body();
  void refuse_body(const policy::BodyError& error);

  // --- the stages in a row ---------------------------------------------------------------------
  void advance();
  void go_back(policy::Stage stage);
  policy::Verdict run_stage();
  [[nodiscard]] bool is_left_out(policy::Stage stage) const;
  policy::Verdict park(core::Instant until);
  void resume();
  bool delay_stage();

  // --- guard -----------------------------------------------------------------------------------
  [[nodiscard]] bool accept_caller(const http::RequestHead& head);
  [[nodiscard]] bool accept_address(const policy::HeadFacts& facts);
  [[nodiscard]] bool accept_endpoint(const http::RequestHead& head);
  [[nodiscard]] bool accept_size();
  void refuse(policy::GuardRule rule, std::string_view param = {});
  policy::Verdict guard();

  // --- admit -----------------------------------------------------------------------------------
  policy::Verdict admit();
  [[nodiscard]] bool hold_quota();
  policy::Verdict conclude(const policy::LimitChain& chain, const policy::ChainAmounts& amounts,
                           const policy::Taken& taken,
                           const std::optional<policy::QuotaRefusal>& refused);

  // --- cache -----------------------------------------------------------------------------------
  policy::Verdict look_into_cache();
  [[nodiscard]] bool may_be_given(const policy::config::Route& route) const;
  [[nodiscard]] bool open_cache(const policy::config::RouteCache& route,
                                const http::RequestHead& head);
  policy::Verdict look_up(const policy::CacheWish& wish);
  policy::Verdict look_up_only(const policy::CacheWish& wish, policy::CacheUse use);
  policy::Verdict refuse_to_fetch();
  policy::Verdict fetch();
  policy::Verdict stop_waiting();
  policy::Verdict take_from_cache();
  void leave_flight();
  [[nodiscard]] std::int64_t age_of(const core::CacheHold& answer) const;
  void answer_from_cache();
  void pump_cached_answer();
  void on_cached_answer_sent();
  [[nodiscard]] bool cached_answer_left() const;
  void start_keeping(const http::ResponseHead& head);
  void finish_keeping();
  void keep_nothing(core::FlightEnd end);

  // --- route -----------------------------------------------------------------------------------
  policy::Verdict route();
  [[nodiscard]] bool choose_target();
  [[nodiscard]] policy::Message where_stored_is_named() const;
  void take_as_target(const TargetAnswer& answer);
  [[nodiscard]] bool aim(std::string_view model);
  [[nodiscard]] bool edit_request(std::string_view model);

  // --- reserve ---------------------------------------------------------------------------------
  policy::Verdict reserve();
  policy::Verdict reserve_of_caller(std::string_view model);
  [[nodiscard]] bool is_bounded(const policy::LimitChain& chain, bool priced);
  policy::Verdict reserve(const policy::LimitChain& chain, const policy::ReserveQuestion& ask);
  policy::Verdict write_output_cap();
  policy::Verdict take_of_target(std::string_view model);
  void chain_target_limits(std::string_view model, policy::LimitChain& chain);
  [[nodiscard]] std::optional<TargetRefusal> take_all(const policy::LimitChain& chain,
                                                      std::string_view model);
  [[nodiscard]] bool pass_over(policy::config::ScopeKind scope, PassedOver& passed_over);
  policy::Verdict wait_or_refuse(const TargetRefusal& refused);
  policy::Verdict refuse_for_want_of_room(const TargetRefusal& refused);
  policy::Verdict stop_queueing();

  // --- upstream --------------------------------------------------------------------------------
  policy::Verdict account();
  policy::Verdict refuse_unrecorded();
  policy::Verdict refuse_for_records();
  void call_upstream();
  [[nodiscard]] bool write_request_head();
  [[nodiscard]] std::size_t request_slices(
      std::span<std::span<const std::byte>, Transport::kSlicesMax> out) const;
  void send_request();
  void on_request_sent();
  void relieve_receive_buffers();
  void upstream_broken(UpstreamFailure failure);
  void replay();
  void upstream_failed(UpstreamFailure failure);
  void abandon_upstream();
  void release_message();

  // --- ... once more ---------------------------------------------------------------------------
  [[nodiscard]] bool begin_attempt();
  [[nodiscard]] std::optional<core::Duration> plan_retry(policy::AttemptEnd end);
  void retry_in(core::Duration delay);
  void forget_answer();
  [[nodiscard]] bool answer_is_withheld(bool reusable);
  void reply_key_refused();
  void judge_withheld();
  void reply_unavailable(std::uint32_t wait_ms);

  // --- ... by two calls at a time --------------------------------------------------------------
  void expect_answer();
  void begin_hedge();
  policy::Verdict go_on_without_hedge();
  [[nodiscard]] bool choose_call(policy::AttemptEnd end);
  void attend_to_silent();
  void give_up_call(policy::AttemptEnd end);
  void drop_silent(policy::AttemptEnd end, UpstreamFailure failure);

  // --- ... of bodies that pass through ---------------------------------------------------------
  void start_upload();
  void start_upload_pieces();
  void upload(core::BufferLease lease);
  [[nodiscard]] bool frame_upload(core::BufferLease lease, std::size_t offset, std::size_t bytes);
  [[nodiscard]] bool judge_form(const http::ChunkStep& step);
  void refuse_upload(policy::Reason reason, const policy::Message& detail);
  void pump_upload();
  void upload_sent();

  // --- relay: the answer's head ----------------------------------------------------------------
  void note_answer_begun(core::Instant at);
  void begin_relay();
  void start_meter(const http::ResponseHead& head);
  void choose_framing(const http::ResponseHead& head);

  // --- ... its body, its end -------------------------------------------------------------------
  void relay(core::BufferLease lease, std::size_t offset, std::string_view head);
  [[nodiscard]] bool must_send_first() const;
  void want_more_answer();
  [[nodiscard]] bool splice_answer();
  void answer_complete(bool reusable);
  void answer_broken(UpstreamFailure failure);
  void cut_answer();
  void pump_answer();

  // --- ... while its provider says nothing -----------------------------------------------------
  void expect_silence();
  void on_silence();
  void begin_stream_early();
  void say_comment();

  // --- ... without a client --------------------------------------------------------------------
  [[nodiscard]] bool goes_on_for_others() const;
  [[nodiscard]] bool goes_on_for_usage() const;
  [[nodiscard]] bool is_drained() const;
  [[nodiscard]] bool last_byte_leaves() const;
  [[nodiscard]] bool goes_on();
  void detach();
  [[nodiscard]] bool still_wanted() const;
  void end_detached();

  // --- local replies ---------------------------------------------------------------------------
  void reply(policy::Reason reason, const policy::Message& detail, std::string_view param = {});
  void reply(const policy::Refusal& refusal);
  void reply_in_english(policy::Reason reason, std::string_view detail);
  void send_error(const policy::ErrorAnswer& answer, policy::Language language);
  [[nodiscard]] bool is_for_operator() const;
  void reply_with(std::uint16_t status, std::string_view content_type, std::string_view body,
                  std::string_view extra_lines = {});
  void queue_text(std::string_view text);
  void queue_error_event(UpstreamFailure failure, const policy::StreamMeter& stream);
  // True: it was one, and is answered.
  [[nodiscard]] bool answer_preflight(const http::RequestHead& head);
  void answer_admin(const http::RequestHead& head);
  void answer_models();
  void answer_quota_page(policy::QuotaPage page);

  Deadline deadline_;
  Deadline silence_;  // how long a stream may say nothing
  core::Instant total_deadline_ = core::kNever;
  std::uint64_t intent_place_ = 0;  // in the record ring, of billing: strict
  std::size_t sending_request_bytes_ = 0;
  std::uint32_t own_key_provider_ = UINT32_MAX;  // the one that the client's own key is for
  std::uint16_t reply_status_ = 0;               // where HTTP says it better than the reason does
  ExchangeState state_ = ExchangeState::reading_body;
  policy::IntentState intent_state_ = policy::IntentState::waiting;
  policy::Stage stage_ = policy::Stage::guard;  // of the row: the one that is run, or waited at
  bool delayed_ = false;                        // the simulator has had its delay at this stage
  bool continue_expected_ : 1 = false;          // the client waits for 100 before it sends its body
  bool park_expired_ : 1 = false;               // nobody has woken the parked request in time
  bool hedge_due_ : 1 = false;                  // the deadline is that of a second call
  bool recorded_ : 1 = false;
  bool for_usage_ : 1 = false;         // detached: what still comes is read for its usage
  bool awaits_last_byte_ : 1 = false;  // detached: until it is known whether its request has left
};

}  // namespace headrace::net
