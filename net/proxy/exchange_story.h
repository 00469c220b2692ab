// What is known of a request while it is served, and by whom: the lowest of the layers that an
// exchange is made of. Each knows those beneath it only, and none but the highest makes anything
// happen:
//
//   Exchange           what happens, in stage order         exchange.h
//   ExchangeReport     what client and logs are told        exchange_report.h
//   ExchangeAttempts   its calls to providers, judged       exchange_attempts.h
//   ExchangeAccount    what it used, and its usage record   exchange_account.h
//   ExchangeQuota      what it holds of limits              exchange_quota.h
//   ExchangeStory      what is known of it                  here
//
// Layers of one object, for the next reader: to the machine they are one class.
//
// Threads:  one shard.
// Lifetime: an exchange's.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "net/http/request_head.h"
#include "net/proxy/answer_flow.h"
#include "net/proxy/attempt_log.h"
#include "net/proxy/cache_said.h"
#include "net/proxy/request_message.h"
#include "net/proxy/request_note.h"
#include "net/proxy/upstream_call.h"
#include "net/upstream/upstream_failure.h"
#include "policy/caller.h"
#include "policy/config/config_view.h"
#include "policy/decision_trail.h"
#include "policy/dialect/reason.h"
#include "policy/explanation.h"
#include "policy/record/record_ending.h"
#include "policy/stages.h"

namespace headrace::net {

struct CacheSession;
struct ShardContext;
class DownstreamConnection;
class ShardConfig;
class SilentCall;

class ExchangeStory {
 public:
  ExchangeStory(const ExchangeStory&) = delete;
  ExchangeStory& operator=(const ExchangeStory&) = delete;

 protected:
  // Somewhere in the request, in a field without a name of its own here.
  static constexpr std::string_view kStoredElsewhere = "*";

  ExchangeStory(ShardContext& shard, DownstreamConnection& downstream);
  ~ExchangeStory() = default;

  // --- noted with the head ---------------------------------------------------------------------
  void note_request(const http::RequestHead& head);
  void note_language(const http::RequestHead& head);
  void note_debug(const http::RequestHead& head);
  void note_user(std::string_view name) { request_.user.take(name); }
  void count_request();
  void heed_dialect(const http::RequestHead& head);

  // --- asked again and again -------------------------------------------------------------------
  // The head as the client sent it: still in the shard's scratch, or parsed again from the message.
  [[nodiscard]] http::RequestHead& request_head();
  [[nodiscard]] bool is_operators() const;
  [[nodiscard]] policy::Language language() const;
  [[nodiscard]] std::uint64_t wall_seconds() const;
  // The model as the client calls it; `scratch` holds it where it does not stand so in the request.
  [[nodiscard]] std::string_view asked_model(std::span<char, policy::kModelBytesMax> scratch);
  // The one that limits of a model go by.
  [[nodiscard]] std::string_view limited_model(std::span<char, policy::kModelBytesMax> scratch);
  // The field by which the request names objects that are stored at the provider; empty: it does
  // not.
  [[nodiscard]] std::string_view stored_reference() const;
  [[nodiscard]] bool served_from_cache() const;
  [[nodiscard]] const policy::config::Route* recorded_route() const;
  [[nodiscard]] std::string_view route_label() const;

  // --- how it ended ----------------------------------------------------------------------------
  // The first that is noted counts: what follows, follows from it.
  void note_early_end(policy::RecordEnding ending);

  // --- how it was decided ----------------------------------------------------------------------
  // The stage begins: what is refused from here on, it has refused.
  void enter(policy::Stage stage);
  // `rule` and `why` live for ever, or as long as the config.
  void decide(policy::Stage stage, policy::Decided decided, std::string_view rule,
              std::string_view why = {});

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

  RequestNote request_;
  UpstreamCall call_;             // the one that is attended to
  SilentCall* silent_ = nullptr;  // the other one, while there are two
  AttemptLog tries_;
  AnswerFlow answer_;

  // What the record and the logs say.
  std::uint64_t bytes_in_ = 0;
  std::string_view rule_;   // which rule decided, in a word that lives for ever; empty: none
  std::string_view limit_;  // which limit did, by its name in the config; empty: none
  std::uint16_t status_ = 0;
  UpstreamFailure failure_ = UpstreamFailure::none;
  policy::Reason reason_{};
  CacheSaid cache_said_ = CacheSaid::nothing;
  policy::Stage judging_ = policy::Stage::head;  // the one that was entered last
  // What ended it before its time; under_way: nothing has.
  policy::RecordEnding ended_early_ = policy::RecordEnding::under_way;
  bool unsent_ : 1 = false;  // the client's connection closed before all of the answer was sent

  bool head_in_scratch_ : 1 = true;  // the shard's scratch head is this request's
  bool brings_own_key_ : 1 = false;  // of a provider, beside the gateway's
  bool keep_alive_ : 1 = true;       // the client's connection may go on
  bool body_complete_ : 1 = false;   // every byte of the request's body was taken
  bool streams_up_ : 1 = false;      // the body passes through unread
  bool detached_ : 1 = false;        // it goes on without its client (exchange_detached.cpp)
};

}  // namespace headrace::net
