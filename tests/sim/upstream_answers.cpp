// What a provider answers, well or badly.
#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "tests/sim/dice.h"
#include "tests/sim/upstream_actor.h"
#include "tests/sim/world.h"

namespace headrace::sim {

namespace {

constexpr std::size_t kPoisonAnswerBytesMax = 600;

bool is_googles(const Request& request) {
  return request.call == Call::gemini || request.call == Call::gemini_stream;
}

}  // namespace

bool UpstreamActor::answer_badly(Request& request) {
  World& world = World::current();
  if (world.strikes(Fault::upstream_stalls)) {
    deaf_ = true;
    if (dice().one_in(2)) {
      const std::string whole = write_answer(request, request.answer, false);
      ends_ = false;  // it stalls, whatever its head says of the connection
      say(whole.substr(0, static_cast<std::size_t>(dice().below(whole.size()))));
    }
    return true;
  }
  if (retried_ && request.method == "POST" && world.strikes(Fault::upstream_refuses)) {
    refuse(request);
    return true;
  }
  if (world.strikes(Fault::upstream_garbage)) {
    constexpr std::string_view kGarbage[] = {
        "HTTP/1.1 200 OK\nContent-Length: 3\n\nabc",
        "HTTP/2 200\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "\x16\x03\x01\x02",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"};
    deaf_ = true;
    const std::string_view text =
        kGarbage[static_cast<std::size_t>(dice().below(std::size(kGarbage)))];
    say(std::string(text));
    if (dice().one_in(2)) end_after();
    return true;
  }
  if (spoil_answer(request)) return true;
  if (world.strikes(Fault::upstream_breaks)) {
    deaf_ = true;
    const std::string whole = write_answer(request, request.answer, true);
    // Often before its first byte: that is where it must be known who may be asked again.
    const auto cut =
        dice().one_in(6) ? std::size_t{0} : static_cast<std::size_t>(dice().below(whole.size()));
    if (cut == 0) {
      // Nothing of an answer: on a kept connection it may be tried again.
      request.replay_allowed = served_ > 1;
      die();
      return true;
    }
    if (frames_by_close_ && !ends_untold()) request.truncation_invisible = true;
    say(whole.substr(0, cut));
    if (world.strikes(Fault::peer_resets)) {
      world.after(world.some_delay(), [this] { reset(); });
    } else {
      end_after();
    }
    return true;
  }
  return false;
}

// A record that was changed on its way, with the answer's beginning or a later part of it.
bool UpstreamActor::spoil_answer(Request& request) {
  PeerLayer* layer = peer_->layer();
  if (layer == nullptr || !World::current().strikes(Fault::tls_record_spoiled)) return false;
  deaf_ = true;
  const std::string whole = write_answer(request, request.answer, true);
  const auto before =
      dice().one_in(3) ? std::size_t{0} : static_cast<std::size_t>(dice().below(whole.size()));
  request.replay_allowed = before == 0 && served_ > 1;
  peer_->write(whole.substr(0, before));
  layer->spoil_next();
  say(whole.substr(before));
  end_after();
  return true;
}

bool UpstreamActor::ends_untold() {
  PeerLayer* layer = peer_->layer();
  return layer != nullptr && layer->ends_untold();
}

// A failure, whole or not, that has nothing of the answer in it.
void UpstreamActor::refuse(const Request& request) {
  if (is_googles(request) && dice().one_in(3)) {
    refuse_as_google();
    return;
  }
  constexpr std::string_view kStatuses[] = {"401", "403", "408", "429", "500", "503", "529"};
  constexpr std::string_view kHints[] = {"", "retry-after-ms: 40\r\n", "retry-after: 1\r\n",
                                         "x-should-retry: false\r\n", "retry-after: 4\r\n"};
  const std::string body =
      dice().one_in(6)
          ? std::string(static_cast<std::size_t>(dice().below(60'000)), ' ')
          : R"({"error":{"type":"overloaded_error","details":[{"retryDelay":"0.05s"}]}})";
  const auto status = kStatuses[static_cast<std::size_t>(dice().below(std::size(kStatuses)))];
  const auto hint = kHints[static_cast<std::size_t>(dice().below(std::size(kHints)))];
  say_refusal(status, hint, body);
}

// Under statuses that may say anything, its key or the request. What shows the key stands behind
// the reason, so that it comes out wherever the answer is cut, if at all.
void UpstreamActor::refuse_as_google() {
  constexpr std::string_view kReasons[] = {"API_KEY_INVALID", "CONSUMER_SUSPENDED",
                                           "FIELD_INVALID"};
  const auto reason = kReasons[static_cast<std::size_t>(dice().below(std::size(kReasons)))];
  const bool of_key = reason != "FIELD_INVALID";
  say_refusal(
      dice().one_in(2) ? "400" : "403", "",
      fmt::format(R"([{{"error":{{"details":[{{"@type":"type.googleapis.com/google.rpc.ErrorInfo",)"
                  R"("reason":"{}","domain":"googleapis.com"}}],"message":"no {}"}}}}])",
                  reason, of_key ? kProviderKey : "field"));
}

void UpstreamActor::say_refusal(std::string_view status, std::string_view hint,
                                std::string_view body) {
  const std::string whole = fmt::format(
      "HTTP/1.1 {} Sorry\r\nX-Refusal: 1\r\n{}Content-Type: application/json\r\nContent-Length: "
      "{}\r\n\r\n{}",
      status, hint, body.size(), body);
  if (dice().one_in(2)) {
    say(whole);
    return;
  }
  deaf_ = true;
  say(whole.substr(0, 1 + static_cast<std::size_t>(dice().below(whole.size()))));
  if (dice().one_in(2)) end_after();
}

void UpstreamActor::answer(Request& request, bool usage_wanted) {
  std::string body = request.answer;
  if (usage_wanted && !request.usage_event.empty()) {
    body.insert(request.usage_at, request.usage_event);
  }
  // Not with an early answer: the rest of its own request would look like the next one.
  if (!well_behaved_ && !answered_early_ && dice().one_in(60) && !request.stream &&
      request.answer_has_body() && body.size() < kPoisonAnswerBytesMax) {
    // All in one piece, read in one piece: the gateway cannot but see what is left over.
    poisoned_ = true;
    if (const auto socket = peer_->socket.lock()) socket->short_reads = false;
    peer_->write_whole(
        fmt::format("HTTP/1.1 {} Fine\r\nContent-Type: application/json\r\n"
                    "X-Answer: {}\r\nContent-Length: {}\r\n\r\n{}HTTP/1.1 200 OK\r\n",
                    request.answer_status, request.number, body.size(), body));
    return;
  }
  if (!well_behaved_ && dice().one_in(8)) {
    for (std::uint64_t i = 1 + dice().below(3); i > 0; --i) {
      say(dice().one_in(2) ? "HTTP/1.1 100 Continue\r\n\r\n"
                           : "HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n");
    }
  }
  const std::string whole = write_answer(request, body, true);
  request.end_untold = frames_by_close_ && ends_untold();
  say(whole);
  if (frames_by_close_ || ends_) {
    deaf_ = true;
    end_after();
  } else if (!well_behaved_ && dice().one_in(40)) {
    World& world = World::current();
    world.after(world.some_delay() + std::chrono::milliseconds(dice().below(30)), [this] {
      if (saying_.empty()) die();
    });
  }
}

// An answer before the request is whole.
void UpstreamActor::maybe_answer_early() {
  if (early_judged_ || well_behaved_ || !reader_.in_body()) return;
  early_judged_ = true;
  if (retried_ && dice().one_in(20)) {
    die();
    return;
  }
  Request* request = judge_head(reader_.partial());
  if (request == nullptr || request->stream) return;
  const bool as_google = retried_ && is_googles(*request);
  if (!dice().one_in(as_google ? 2 : 10)) return;
  deaf_ = dice().one_in(2);
  answered_early_ = request->answered_early = true;
  if (as_google) {
    refuse_as_google();
    return;
  }
  answer(*request, false);
}

std::string UpstreamActor::write_answer(Request& request, std::string_view body, bool may_close) {
  frames_by_close_ = false;
  const bool stream = request.stream && request.answer_status == 200;
  std::string head = fmt::format("HTTP/1.1 {} Fine\r\n", request.answer_status);
  head += stream ? "Content-Type: text/event-stream\r\n"
          : request.call == Call::speech || request.call == Call::form
              ? "Content-Type: application/octet-stream\r\n"
              : "Content-Type: application/json\r\n";
  head += fmt::format("X-Answer: {}\r\nConnection: {}\r\n", request.number,
                      dice().one_in(30) ? (ends_ = true, "close") : "keep-alive");
  if (!request.answer_has_body()) {
    // What it would have been, or nothing. Never content: that belongs to no answer.
    if (request.answer_status == 204) return head + "\r\n";
    if (request.method == "HEAD" && dice().one_in(3))
      head += "Transfer-Encoding: chunked\r\n";
    else if (dice().one_in(2))
      head += fmt::format("Content-Length: {}\r\n", dice().below(1'000'000));
    return head + "\r\n";
  }
  frames_by_close_ = may_close && !well_behaved_ && dice().one_in(20);
  if (frames_by_close_) return head + "\r\n" + std::string(body);
  if (stream ? !dice().one_in(10) : dice().one_in(3)) {
    return head + "Transfer-Encoding: chunked\r\n\r\n" + chunked(body);
  }
  return head + fmt::format("Content-Length: {}\r\n\r\n", body.size()) + std::string(body);
}

std::string UpstreamActor::chunked(std::string_view body) {
  std::string out;
  const bool tiny = dice().one_in(8) && body.size() < 2'000;
  while (!body.empty()) {
    auto size = static_cast<std::size_t>(1 + dice().below(tiny ? 3 : 3'000));
    size = std::min(size, body.size());
    if (dice().one_in(4)) {
      out += fmt::format("{:06X}; name=\"a value\"\r\n", size);
    } else {
      out += fmt::format("{:x}\r\n", size);
    }
    out += body.substr(0, size);
    out += "\r\n";
    body.remove_prefix(size);
  }
  out +=
      dice().one_in(4) ? "0;end\r\nX-Trailer: dropped\r\nContent-Length: 7\r\n\r\n" : "0\r\n\r\n";
  return out;
}

}  // namespace headrace::sim
