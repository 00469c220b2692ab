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
//   exchange_upstream.cpp  upstream: connection, head and body sent, one safe replay
//   exchange_retry.cpp     attempts at providers, and when a request is sent again
//   exchange_hedge.cpp     a second call while the first provider is silent
//   exchange_upload.cpp    bodies that pass through unread
//   exchange_answer.cpp    relay: the answer's head
//   exchange_relay.cpp     relay and meter: its body (answer_body.h, answer_queue.h), its end
//   exchange_comments.cpp  comments to streams whose provider is silent
//   exchange_record.cpp    record: the usage record, begun before upstream
//   exchange_detached.cpp  requests that go on without their client
//   exchange_settle.cpp    settle and record
//   exchange_reply.cpp     local replies, from any stage
//   exchange_audit.cpp     what the audit log is told of it
//   exchange.cpp           states, deadlines, who leaves when
//
// The states and the moves between them that are legal stand in exchange_state.h.
//
// Threads:  one shard.
// Lifetime: from a head's end to DownstreamConnection::exchange_done() or the connection's death.
//           Between close and death of the connection the exchange only keeps bytes alive that the
//           kernel may still read.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/buffer_lease.h"
#include "core/cache/flight_desk.h"
#include "core/clock.h"
#include "core/units.h"
#include "net/cache/cache_user.h"
#include "net/edge/deadline.h"
#include "net/edge/transport.h"
#include "net/http/head_writer.h"
#include "net/http/method.h"
#include "net/http/parse_error.h"
#include "net/http/request_head.h"
#include "net/http/response_head.h"
#include "net/proxy/answer_flow.h"
#include "net/proxy/attempt_log.h"
#include "net/proxy/exchange_state.h"
#include "net/proxy/queue_wait.h"
#include "net/proxy/quota_hold.h"
#include "net/proxy/request_message.h"
#include "net/proxy/request_note.h"
#include "net/proxy/target_refusal.h"
#include "net/proxy/upstream_call.h"
#include "net/queue/queue_user.h"
#include "net/shard_counters.h"
#include "net/upstream/target_states.h"
#include "net/upstream/upstream_user.h"
#include "policy/cache/cache_choice.h"
#include "policy/cache/cache_wish.h"
#include "policy/caller.h"
#include "policy/config/config_view.h"
#include "policy/decision_trail.h"
#include "policy/dialect/endpoint.h"
#include "policy/dialect/error_body.h"
#include "policy/dialect/refusal.h"
#include "policy/estimate/model_history.h"
#include "policy/explanation.h"
#include "policy/guard.h"
#include "policy/identify.h"
#include "policy/price/price_version.h"
#include "policy/price/target_prices.h"
#include "policy/quota/limits_page.h"
#include "policy/quota/reservation.h"
#include "policy/record/shard_records.h"
#include "policy/resilience/attempt.h"
#include "policy/stages.h"

namespace headrace::net {

struct CacheSession;
struct TargetHold;
class DownstreamConnection;
class ShardConfig;
class SilentCall;
class UpstreamPool;
struct ProviderLink;
struct ShardContext;

struct IntentQueueTag;
struct RunQueueTag;

class Exchange final : public UpstreamUser,
                       public CacheUser,
                       public QueueUser,
                       public core::ListHook<RunQueueTag>,
                       public core::ListHook<IntentQueueTag> {
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

  // Its client has left, and it goes on for others who wait for its answer, or for its usage.
  [[nodiscard]] bool detached() const { return detached_; }
  // Of a detached one: the connection has closed; the process does not wait for it.
  void on_downstream_gone();
  void on_closing();

  // From the shard's run queue: the next piece of a large body is to be judged.
  void on_turn();

  // From the shard's record keeper: the intent that it waited for is on the disk.
  void on_intent_synced();
  [[nodiscard]] std::uint64_t intent_place() const { return intent_place_; }

  [[nodiscard]] ExchangeState state() const { return state_; }

 private:
  static constexpr std::size_t kQueuedLeasesMax = 4;
  // One that is being sent and one behind it.
  static constexpr std::size_t kQueuedLeasesWhenShort = 2;
  static constexpr std::uint8_t kInterimAnswersMax = 8;
  // Of a failed answer that may not be the last one.
  static constexpr std::uint64_t kWithheldBytesMax = 32 * 1024;

  // What its answer says of the cache (X-Cache).
  enum class CacheSaid : std::uint8_t { nothing, bypass, miss, hit };

  void move_to(ExchangeState next);

  // --- head and identify -----------------------------------------------------------------------
  void note_request(const http::RequestHead& head);
  [[nodiscard]] bool is_operators() const;
  void count_request();
  void heed_dialect(const http::RequestHead& head);
  void note_language(const http::RequestHead& head);
  void note_debug(const http::RequestHead& head);
  // The stage begins: what is refused from here on, it has refused.
  void enter(policy::Stage stage);
  void write_told_fields(http::HeadWriter& writer);
  void write_explained(http::HeadWriter& writer);
  // True: it was one, and is answered.
  bool answer_preflight(const http::RequestHead& head);
  [[nodiscard]] policy::Language language() const;
  bool identify(const http::RequestHead& head);
  bool identify_by_certificate();
  void note_key_use();
  // `decoded` holds a key that stands in the query.
  [[nodiscard]] static policy::PresentedCredentials presented_credentials(
      const http::RequestHead& head, std::span<char, policy::kCredentialBytesMax> decoded);
  // True: the provider is shown the key that it may be shown.
  bool settle_own_key();
  bool identify_by_token(const policy::Identity& identity);
  void note_user(std::string_view name);
  [[nodiscard]] std::uint64_t wall_seconds() const;

  // --- body (exchange_body.cpp) ----------------------------------------------------------------
  // True: the whole body is there.
  bool start_body(const http::RequestHead& head, std::size_t arrived);
  bool hold_body(const http::RequestHead& head, std::size_t arrived);
  void take_body_bytes(std::span<const std::byte> bytes);
  void want_body();
  bool reserve_body_room(std::size_t bytes);
  void send_continue();
  void body_arrived();
  void judge_body();
  void refuse_body(const policy::BodyError& error);

  // --- the stages in a row (exchange_stages.cpp, then a file each) -----------------------------
  void advance();
  policy::Verdict run_stage();
  [[nodiscard]] bool is_left_out(policy::Stage stage) const;
  policy::Verdict park(core::Instant until);
  void resume();
  bool delay_stage();

  bool accept_caller(const http::RequestHead& head);
  bool accept_address(const policy::HeadFacts& facts);
  bool accept_size();
  bool accept_endpoint(const http::RequestHead& head);
  void refuse(policy::GuardRule rule, std::string_view param = {});
  void answer_models();
  std::string_view asked_model(std::span<char, policy::kModelBytesMax> scratch);
  policy::Verdict guard();
  policy::Verdict admit();
  policy::Verdict look_into_cache();
  [[nodiscard]] bool may_be_given(const policy::config::Route& route) const;
  bool open_cache(const policy::config::RouteCache& route, const http::RequestHead& head);
  policy::Verdict look_up(const policy::CacheWish& wish);
  policy::Verdict look_up_only(const policy::CacheWish& wish, policy::CacheUse use);
  policy::Verdict refuse_to_fetch();
  policy::Verdict fetch();
  policy::Verdict stop_waiting();
  policy::Verdict take_from_cache();
  [[nodiscard]] std::int64_t age_of(const core::CacheHold& answer) const;
  void leave_flight();
  policy::Verdict route();
  bool choose_target();
  void take_as_target(const TargetAnswer& answer);
  bool aim(std::string_view model);
  [[nodiscard]] std::string_view stored_reference() const;
  bool edit_request(std::string_view model);
  policy::Verdict reserve();

  // --- what it takes of limits (exchange_admit.cpp, exchange_reserve.cpp, exchange_quota.cpp) ---
  bool hold_quota();
  std::string_view limited_model(std::span<char, policy::kModelBytesMax> scratch);
  policy::ChainQuestion question(policy::QuotaStage stage, std::string_view model);
  policy::Verdict conclude(const policy::LimitChain& chain, const policy::ChainAmounts& amounts,
                           const policy::Taken& taken,
                           const std::optional<policy::QuotaRefusal>& refused);
  void tell_of(const policy::ChainedLimit& limit, std::int64_t amount,
               const core::LimitReading& reading);
  static ShardCount count_of(const policy::QuotaRefusal& refused);
  void look_at_target(std::string_view model);
  policy::Verdict reserve_of_caller(std::string_view model);
  [[nodiscard]] policy::ChainAmounts passthrough_amounts(const policy::LimitChain& chain) const;
  bool is_bounded(const policy::LimitChain& chain, bool priced);
  policy::ReserveQuestion reserve_question(std::string_view model);
  policy::Reservation plan_for_target(const policy::LimitChain& chain, std::string_view model);
  policy::Verdict reserve(const policy::LimitChain& chain, const policy::ReserveQuestion& ask);
  policy::Verdict write_output_cap();
  [[nodiscard]] std::int64_t output_max() const;

  // --- ... of its target's, and waiting for one (exchange_target_limits.cpp, exchange_queue.cpp) -
  policy::Verdict take_of_target(std::string_view model);
  void chain_target_limits(std::string_view model, policy::LimitChain& chain);
  std::optional<TargetRefusal> take_all(const policy::LimitChain& chain, std::string_view model);
  bool pass_over(policy::config::ScopeKind scope, PassedOver& passed_over);
  void settle_target(UpstreamCall& call, const policy::Consumption* used);
  [[nodiscard]] bool may_wait() const;
  [[nodiscard]] bool has_turn() const;
  [[nodiscard]] const policy::ChainedLimit* first_waited_for(const policy::LimitChain& chain) const;
  policy::Verdict wait_or_refuse(const TargetRefusal& refused);
  core::Instant ready_by(const TargetRefusal& refused, core::Instant deadline);
  policy::Verdict refuse_for_want_of_room(const TargetRefusal& refused);
  policy::Verdict stop_queueing();
  core::Duration wait_for_more(const policy::ChainedLimit& limit);
  void end_wait(const policy::LimitChain& chain);
  void leave_queue();
  QueueSeat& note_wait_end();

  [[nodiscard]] policy::TargetPrices prices() const;
  void raise_for(policy::ReserveQuestion& ask, const policy::config::Target& target,
                 const policy::config::Price* price, std::string_view model);
  [[nodiscard]] std::int64_t likely_prompt_tokens();
  void note_use(const http::ResponseHead& head, std::span<const std::byte> body);
  [[nodiscard]] policy::Consumption used_so_far();
  policy::ModelHistory& learned(const policy::config::Target& target, std::string_view model);
  void answer_quota_page(policy::QuotaPage page);
  void write_quota_fields(http::HeadWriter& writer);
  [[nodiscard]] policy::NearestLimits nearest_limits();
  void note_budget(const policy::ChainedLimit& limit, std::uint8_t percent);
  [[nodiscard]] std::string_view budget_holder(policy::config::ScopeKind scope) const;
  [[nodiscard]] bool output_used_up();
  void look_at_limits_again();
  void cut_answer();
  // --- an answer from the cache (exchange_cache.cpp) -------------------------------------------
  [[nodiscard]] bool served_from_cache() const;
  void answer_from_cache();
  void pump_cached_answer();
  void on_cached_answer_sent();
  [[nodiscard]] bool cached_answer_left() const;
  // Of an answer from the cache: what it once took and has saved now.
  [[nodiscard]] policy::Usage usage_uncharged() const;

  // --- keeping one (exchange_keep.cpp) ---------------------------------------------------------
  void start_keeping(const http::ResponseHead& head);
  void finish_keeping();
  void keep_nothing(core::FlightEnd end);

  // --- upstream (exchange_upstream.cpp) --------------------------------------------------------
  void call_upstream();
  http::RequestHead& request_head();
  bool write_request_head();
  std::size_t request_slices(
      std::span<std::span<const std::byte>, Transport::kSlicesMax> out) const;
  void send_request();
  void on_request_sent();
  void relieve_receive_buffers();

  // --- attempts (exchange_retry.cpp) -----------------------------------------------------------
  [[nodiscard]] const policy::RetryRules& retry_rules() const;
  [[nodiscard]] TargetQuestion target_question() const;
  [[nodiscard]] bool goes_elsewhere() const;
  [[nodiscard]] bool may_try_again() const;
  bool begin_attempt();
  void learn_from_head(UpstreamCall& call, const http::ResponseHead& head);
  void judge_attempt(UpstreamCall& call, policy::AttemptEnd end);
  void end_attempt(policy::AttemptEnd end) { end_attempt(call_, end, failure_); }
  void end_attempt(UpstreamCall& call, policy::AttemptEnd end, UpstreamFailure failure);
  [[nodiscard]] policy::AttemptEnd end_of_answer();
  [[nodiscard]] policy::AttemptEnd end_of_failure(UpstreamFailure failure) const;
  [[nodiscard]] std::optional<core::Duration> plan_retry(policy::AttemptEnd end);
  void retry_in(core::Duration delay);
  void forget_answer();
  bool answer_is_withheld(bool reusable);
  void judge_withheld();
  void count(std::span<const policy::BreakerEvent> events);
  void reply_unavailable(std::uint32_t wait_ms);
  // For the log: what became of each try.
  static constexpr std::size_t kTriesBytesMax = 255;
  std::string_view write_tries(std::span<char, kTriesBytesMax> room) const;

  // --- two calls at a time (exchange_hedge.cpp) ------------------------------------------------
  void expect_answer();
  [[nodiscard]] bool may_hedge() const;
  [[nodiscard]] bool leaves_something() const;
  void begin_hedge();
  policy::Verdict go_on_without_hedge();
  bool choose_call(policy::AttemptEnd end);
  void attend_to_silent();
  void give_up_call(policy::AttemptEnd end);
  void drop_silent(policy::AttemptEnd end, UpstreamFailure failure);

  // --- bodies that pass through (exchange_upload.cpp) ------------------------------------------
  void start_upload();
  void start_upload_pieces();
  void upload(core::BufferLease lease);
  bool frame_upload(core::BufferLease lease, std::size_t offset, std::size_t bytes);
  void pump_upload();
  void upload_sent();

  // --- when the upstream fails (exchange_upstream.cpp) -----------------------------------------
  void upstream_broken(UpstreamFailure failure);
  void replay();
  void upstream_failed(UpstreamFailure failure);
  void abandon_upstream();
  void release_message();

  // --- answer (exchange_answer.cpp) ------------------------------------------------------------
  void read_answer_head(core::BufferLease lease, std::size_t offset, std::size_t bytes);
  void begin_relay(core::BufferLease lease, std::size_t head_bytes, std::size_t bytes);
  void start_meter(const http::ResponseHead& head);
  void choose_framing(const http::ResponseHead& head);
  void write_answer_head(const http::ResponseHead& head, http::HeadWriter& writer);
  void write_own_fields(http::HeadWriter& writer);

  // --- its body (exchange_relay.cpp) -----------------------------------------------------------
  void relay(core::BufferLease lease, std::size_t offset, std::string_view head);
  void want_more_answer();
  bool splice_answer();
  void answer_complete(bool reusable);
  void answer_broken(UpstreamFailure failure);
  void pump_answer();

  // --- silent streams (exchange_comments.cpp) --------------------------------------------------
  void expect_silence();
  void on_silence();
  void begin_stream_early();
  void say_comment();

  // --- local replies (exchange_reply.cpp) ------------------------------------------------------
  void reply(policy::Reason reason, const policy::Message& detail, std::string_view param = {});
  void reply(const policy::Refusal& refusal);
  void reply_in_english(policy::Reason reason, std::string_view detail);
  void send_error(const policy::ErrorAnswer& answer, policy::Language language);
  void reply_with(std::uint16_t status, std::string_view content_type, std::string_view body,
                  std::string_view extra_lines = {});
  void answer_admin(const http::RequestHead& head);
  void queue_text(std::string_view text);
  void queue_error_event(UpstreamFailure failure, const policy::StreamMeter& stream);

  // --- the usage record (exchange_record.cpp) --------------------------------------------------
  policy::Verdict account();
  policy::Verdict refuse_unrecorded();
  policy::UsageRecord intended_record(std::span<char> tags, const policy::PriceVersionText& price);
  void intend_cost(policy::UsageRecord& intent);
  [[nodiscard]] std::optional<core::MicroUsd> reserved_money() const;
  [[nodiscard]] const policy::config::Route* recorded_route() const;
  void record_hit(policy::UsageRecord& record, policy::PriceVersionText& version) const;
  void note_attempt();
  void note_attempt_end(UpstreamCall& call, UpstreamFailure failure);
  void note_first_byte();
  void note_progress();
  [[nodiscard]] policy::Usage usage_of_record() const;
  [[nodiscard]] policy::RecordEnding ending() const;
  void write_usage_record();
  void count_refusal();

  // --- the audit log (exchange_audit.cpp) ------------------------------------------------------
  // `rule` and `why` live for ever, or as long as the config.
  void decide(policy::Stage stage, policy::Decided decided, std::string_view rule,
              std::string_view why = {});
  void decide_passed(policy::Stage stage);
  void decide_refused(policy::Reason reason, std::string_view limit, std::string_view why);
  [[nodiscard]] std::string_view route_label() const;
  [[nodiscard]] std::string_view why_target() const;
  [[nodiscard]] std::string_view cache_word() const;
  [[nodiscard]] bool is_audited() const;
  void write_audit();

  // --- without a client (exchange_detached.cpp) ------------------------------------------------
  [[nodiscard]] bool goes_on_for_others() const;
  [[nodiscard]] bool goes_on_for_usage() const;
  [[nodiscard]] bool is_drained() const;
  [[nodiscard]] bool last_byte_leaves() const;
  bool goes_on();
  void detach();
  [[nodiscard]] bool still_wanted() const;
  void end_detached();

  // --- settle, record (exchange_settle.cpp); deadlines (exchange.cpp) ---------------------------
  void finish();
  void end();
  void settle();
  [[nodiscard]] bool is_charged() const;
  [[nodiscard]] policy::Usage usage_charged();
  [[nodiscard]] policy::LostCost lost_cost_charged() const;
  void settle_limits(const policy::Consumption* used);
  void learn_from_answer();
  void record();
  bool is_left_out_of_log();
  [[nodiscard]] bool ends_by_reset() const {
    return answer_.cut && !answer_.streaming &&
           answer_.body.framing() == http::BodyFraming::until_close;
  }
  void on_deadline();
  void set_deadline(core::Duration from_now);

  ShardContext* shard_;
  DownstreamConnection* downstream_;
  ShardConfig* config_;
  const policy::config::PolicySet* policy_set_;  // what the listener is for; nullptr: everything
  policy::Caller caller_;
  const policy::config::Route* route_ = nullptr;
  const policy::config::PassthroughRule* passthrough_ = nullptr;
  RequestMessage* message_ = nullptr;
  CacheSession* cache_ = nullptr;               // null: it does not use the cache
  policy::Explanation* explanation_ = nullptr;  // of the few that are explained
  policy::DecisionTrail* trail_ = nullptr;      // null: there is no audit log
  Deadline deadline_;
  Deadline silence_;  // how long a stream may say nothing
  core::Instant total_deadline_ = core::kNever;

  RequestNote request_;
  UpstreamCall call_;
  SilentCall* silent_ = nullptr;  // the other call, while there are two
  AttemptLog tries_;
  AnswerFlow answer_;
  std::uint32_t own_key_provider_ = UINT32_MAX;  // the one that the client's own key is for
  std::size_t sending_request_bytes_ = 0;

  // What it costs, and what it holds of limits.
  QuotaHold* quota_ = nullptr;  // of a caller with limits
  QueueWait wait_;
  policy::PromptEstimate prompt_;
  policy::Usage usage_;  // once it is settled
  core::MicroUsd cost_;
  std::optional<core::MicroUsd> cost_told_;  // before it is settled: what an answer's head says

  // What the record says.
  policy::RecordTicket ticket_;
  std::uint64_t intent_place_ = 0;   // in the record ring, of billing: strict
  std::int64_t input_estimate_ = 0;  // tokens, where the provider has not said yet
  std::uint64_t bytes_in_ = 0;
  std::string_view rule_;   // which rule decided, in a word that lives for ever; empty: none
  std::string_view limit_;  // which limit did, by its name in the config; empty: none
  std::uint16_t status_ = 0;
  UpstreamFailure failure_ = UpstreamFailure::none;
  policy::Reason reason_{};

  ExchangeState state_ = ExchangeState::reading_body;
  policy::Stage stage_ = policy::Stage::guard;   // of the row: the one that is run, or waited at
  policy::Stage judging_ = policy::Stage::head;  // the one that was entered last
  std::uint16_t reply_status_ = 0;               // where HTTP says it better than the reason does
  CacheSaid cache_said_ = CacheSaid::nothing;
  bool delayed_ = false;                // the simulator has had its delay at this stage
  bool head_in_scratch_ : 1 = true;     // the shard's scratch head is this request's
  bool brings_own_key_ : 1 = false;     // of a provider, beside the gateway's
  bool keep_alive_ : 1 = true;          // the client's connection may go on
  bool body_complete_ : 1 = false;      // every byte of the request's body was taken
  bool streams_up_ : 1 = false;         // the body passes through unread
  bool continue_expected_ : 1 = false;  // the client waits for 100 before it sends its body
  bool text_counted_ : 1 = false;       // prompt_ says something
  bool park_expired_ : 1 = false;       // nobody has woken the parked request in time
  bool hedge_due_ : 1 = false;          // the deadline is that of a second call

  bool client_left_ : 1 = false;
  bool cut_by_limit_ : 1 = false;
  bool recorded_ : 1 = false;
  bool detached_ : 1 = false;
  bool for_usage_ : 1 = false;         // detached: what still comes is read for its usage
  bool awaits_last_byte_ : 1 = false;  // detached: until it is known whether its request has left
};

}  // namespace headrace::net
