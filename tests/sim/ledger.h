// Every request of a run: what the client sends, what the provider must see of it, what the client
// must see of the answer, and how it ended. Each answer carries its request's number in many
// places, so that bytes of one never pass for another's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "core/random.h"

namespace headrace::sim {

enum class Call : std::uint8_t {
  chat,
  chat_stream,
  messages,
  messages_stream,
  gemini,
  gemini_stream,
  speech,        // passes through: unread, or looked through on its way
  form,          // likewise, field by field
  voices,        // likewise, without a body: GET
  voices_head,   // HEAD
  voice_delete,  // DELETE
  models,        // answered by the gateway
  models_head,
  // Refused:
  unknown_key,
  no_route,
  no_path,
  bad_json,
  too_large,
  bad_head,
  bad_chunk,
  bad_form,
  count,
};

inline constexpr std::size_t kCalls = static_cast<std::size_t>(std::to_underlying(Call::count));
inline constexpr std::array<std::string_view, kCalls> kCallNames = {
    "chat",        "chat_stream", "messages", "messages_stream", "gemini",       "gemini_stream",
    "speech",      "form",        "voices",   "voices_head",     "voice_delete", "models",
    "models_head", "unknown_key", "no_route", "no_path",         "bad_json",     "too_large",
    "bad_head",    "bad_chunk",   "bad_form"};

// How a request ended for its client. Exactly one of them.
enum class Outcome : std::uint8_t { open, answered, refused, cut, lost };

struct Request {
  std::uint32_t number = 0;
  Call call = Call::chat;
  bool stream = false;
  bool asks_for_usage = false;
  bool chunked = false;  // its body
  std::string_view content_type = "application/json";
  bool http_1_0 = false;
  bool close = false;  // asks for the connection's end
  bool expects_continue = false;
  std::string method = "POST";
  std::string target;
  std::string_view model;  // whose route serves it; empty: none does
  std::string from;        // whose it is, where providers are told
  std::string body;
  int answer_status = 200;
  std::string answer;        // what the client must get
  std::string usage_event;   // what the provider adds to a stream when asked
  std::size_t usage_at = 0;  // and where

  Outcome outcome = Outcome::open;
  std::uint32_t seen = 0;       // how often a provider got it whole
  bool replay_allowed = false;  // the connection that it was seen on was a kept one, and silent
  core::Instant answer_begun_at = core::kNever;  // its client has something of an answer
  bool truncation_invisible = false;             // cut where only the connection's end framed it
  std::string answer_id;         // by which the gateway knows it, as its client was told,
  std::string seen_id;           // and as its provider was
  bool refused_locally = false;  // answered with an error of the gateway's
  bool end_untold = false;       // whole, but framed by an end that TLS did not tell of
  bool answered_early = false;   // by a provider who had not seen all of it
  // Without a key, over a connection whose certificate
  bool by_certificate = false;  // stands for one, or
  bool nobodys = false;         // for none

  // Without a body, whatever the head says.
  [[nodiscard]] bool answer_has_body() const {
    return method != "HEAD" && answer_status != 204 && answer_status != 304;
  }
  // Refused by the gateway whatever happens; 0: it may be answered by a provider.
  [[nodiscard]] int refused_with() const;
  // What is wrong with it was seen too late for an answer that says so.
  [[nodiscard]] bool may_be_cut() const { return turns_bad() && answered_early; }
  // Somewhere in its body: until then it goes on.
  [[nodiscard]] bool turns_bad() const { return call == Call::bad_chunk || call == Call::bad_form; }
};

class Ledger {
 public:
  // `breakers`: what counts as a provider's failure would keep other requests away from it.
  Ledger(core::Random& random, bool breakers) : random_(random), breakers_(breakers) {}

  // A request that came to a provider when its client had something of another's answer: only a
  // hedge that was on its way may do so.
  std::uint64_t late_arrivals = 0;

  Request& make(bool well_behaved, bool small);
  [[nodiscard]] Request* find(std::uint32_t number);
  [[nodiscard]] const std::vector<std::unique_ptr<Request>>& all() const { return requests_; }
  void settle(Request& request, Outcome outcome);

  [[nodiscard]] static std::string marker(std::uint32_t number);

 private:
  static void choose_method(Request& request);
  static void write_target(Request& request);
  void write_body(Request& request);
  void write_answer(Request& request);
  void write_stream(Request& request);
  std::size_t some_bytes();

  core::Random& random_;
  bool breakers_;
  bool small_ = false;
  std::vector<std::unique_ptr<Request>> requests_;
};

inline constexpr std::string_view kClientKey = "client-key-0123456789abcdef";
inline constexpr std::string_view kOtherClientKey = "client-key-of-another-0123456789";
inline constexpr std::string_view kHeavyKey = "client-key-of-the-heavy-01234567";
inline constexpr std::string_view kLightKey = "client-key-of-the-light-01234567";
inline constexpr std::string_view kProviderKey = "provider-key-0123456789abcdef";
inline constexpr std::size_t kBodyBytesMax = 512 * 1024;

}  // namespace headrace::sim
