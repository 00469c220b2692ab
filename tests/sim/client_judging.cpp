// What a client makes of an answer.
#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "tests/sim/client_actor.h"
#include "tests/sim/world.h"

namespace headrace::sim {

namespace {

// All of it where there is none.
std::string_view before_error_event(std::string_view body) {
  const std::size_t said = body.rfind("broke off");
  if (said == std::string_view::npos || !body.ends_with("\n\n")) return body;
  constexpr std::string_view kName = "event: error\n";
  const std::size_t data = body.rfind("data: ", said);
  if (data == std::string_view::npos) return body;
  const std::string_view before = body.substr(0, data);
  return before.ends_with(kName) ? before.substr(0, before.size() - kName.size()) : before;
}

// Its last event has not come.
bool stream_is_open(const Request& request, std::string_view body) {
  if (!request.stream || request.answer_status != 200) return false;
  for (const std::string_view end : {"\"stop\"", "message_stop", "\"STOP\""}) {
    if (body.find(end) != std::string_view::npos) return false;
  }
  return true;
}

// What says nothing but that the stream lives.
std::string without_comments(std::string body) {
  constexpr std::string_view kComment = ": keep-alive\n\n";
  for (std::size_t at = body.find(kComment); at != body.npos; at = body.find(kComment, at))
    body.erase(at, kComment.size());
  return body;
}

}  // namespace

void ClientActor::judge(Request& request, const Message& received, bool whole) {
  Message message = received;
  if (request.stream) message.body = without_comments(std::move(message.body));
  for (const std::string_view secret : {"provider-key", "proxy-key"}) {
    if (message.head.find(secret) != std::string::npos ||
        message.body.find(secret) != std::string::npos) {
      violation(fmt::format("a {} came out", secret));
    }
  }
  if (message.count("x-request-id") != 1) violation("not one request id: " + message.head);
  request.answer_id = message.value("x-request-id");
  const std::string answers = message.value("x-answer");
  // Begun by the gateway while the provider was silent.
  const bool begun_early =
      answers.empty() && request.stream && message.status() == 200 && refused_by_providers_;
  if (answers.empty() && !begun_early) {
    judge_local(request, message, whole);
    return;
  }
  if (!begun_early && answers != std::to_string(request.number)) {
    violation(fmt::format("the answer of {} went to {}", answers, request.number));
    return;
  }
  if (request.refused_with() != 0 && !request.may_be_cut()) {
    violation(fmt::format("request {} was to be refused", request.number));
  }
  if (!begun_early && message.status() != request.answer_status) {
    violation(fmt::format("request {}: status {}", request.number, message.status()));
  }
  // The connection's end tells such providers nothing of completeness. A stream that was cut ends
  // for HTTP/1.0 with our error event, anything else with a reset.
  const bool end_tells_nothing =
      (request.http_1_0 && request.stream) || (request.truncation_invisible && !spared_);
  // Without memory to hold an event's beginning back all of it goes on, wanted or not.
  const bool untidied = cramped_ && !request.usage_event.empty() &&
                        message.body.find(request.usage_event) != std::string::npos;
  if (untidied) {
    ledger_.settle(request, Outcome::cut);
    return;
  }
  if (whole && message.body != request.answer && !end_tells_nothing) {
    violation(fmt::format("request {}: another answer, {} bytes instead of {}:\n{}\n--- {}\n{}",
                          request.number, message.body.size(), request.answer.size(), message.body,
                          message.head, request.answer));
  }
  if (message.body != request.answer) judge_cut(request, message.body);
  if (!whole && well_behaved_ && stream_is_open(request, message.body) &&
      before_error_event(message.body) == message.body) {
    violation(fmt::format("request {}: a stream broke off without a word: {}", request.number,
                          message.body));
  }
  if (!whole && spared_) {
    violation(fmt::format("the answer of request {} was cut", request.number));
  }
  if (request.end_untold && !refused_by_providers_) {
    if (whole && !end_tells_nothing) {
      violation(
          fmt::format("the answer of request {} was cut, and taken for whole", request.number));
    }
    if (!whole) tls_->count(TlsEvent::answer_cut_untold);
  }
  if (request.by_certificate && whole) tls_->count(TlsEvent::known_by_certificate);
  ledger_.settle(request, whole ? Outcome::answered : Outcome::cut);
}

// What came is the answer's beginning; a stream may close with an error event of ours.
void ClientActor::judge_cut(const Request& request, std::string_view body) {
  const std::string_view answer = request.answer;
  if (answer.starts_with(body)) return;
  const std::string_view before = request.stream ? before_error_event(body) : body;
  if (before.size() < body.size()) {
    if (answer.starts_with(before)) return;
    // An event that was cut is ended first.
    constexpr std::string_view kEnd = "\n\n";
    if (before.ends_with(kEnd) && answer.starts_with(before.substr(0, before.size() - 2))) return;
  }
  const auto at = static_cast<std::size_t>(std::ranges::mismatch(body, answer).in1 - body.begin());
  violation(fmt::format("request {}: wrong bytes at {} of {}: {}", request.number, at,
                        answer.size(), body.substr(at, 300)));
}

void ClientActor::judge_local(Request& request, const Message& message, bool whole) {
  const int status = message.status();
  request.refused_locally = status >= 400 && message.count("x-refusal") == 0;
  const bool expected = status == request.refused_with();
  // A timeout of the client's own is no fault of the provider's, and the other way round.
  const bool fault =
      (status == 408 && !well_behaved_) || status == 502 || status == 503 || status == 504;
  if (status == 401 && message.count("x-refusal") != 0) {
    violation("a provider's refusal of the gateway's own key came out");
  }
  // 502: a provider does not take our key.
  constexpr int kRefusals[] = {400, 403, 408, 429, 500, 502, 529};
  const bool refused =
      refused_by_providers_ && std::ranges::find(kRefusals, status) != std::end(kRefusals);
  // Who waited in vain for a connection is told of whatever happens as its time ends: that all are
  // busy, or that the one begun just then is not there yet.
  const bool no_room = (status == 503 || status == 504) && cramped_;
  if (!expected && !no_room && !refused && (spared_ || !fault)) {
    violation(fmt::format("request {} (call {}, chunked {}): status {}, {}", request.number,
                          static_cast<int>(request.call), request.chunked, status, message.body));
  }
  if (request.call == Call::models && status == 200 && whole &&
      message.body.find("gpt-sim") == std::string::npos) {
    violation("a list of models without models: " + message.body);
  }
  if (request.nobodys && status == 401) tls_->count(TlsEvent::nobodys_certificate);
  ledger_.settle(request, whole ? Outcome::refused : Outcome::cut);
}

}  // namespace headrace::sim
