#include "tests/sim/ledger.h"

#include <charconv>

#include <fmt/format.h>

#include "tests/sim/actor_words.h"
#include "tests/sim/world.h"

namespace headrace::sim {

namespace {

// Text that says on every few bytes whose it is.
std::string filler(std::uint32_t number, std::size_t bytes) {
  std::string text;
  text.reserve(bytes + 24);
  const std::string mark = Ledger::marker(number);
  std::array<char, 24> digits;
  for (std::size_t i = 0; text.size() < bytes; ++i) {
    text += mark;
    text.append(digits.data(), std::to_chars(digits.begin(), digits.end(), i).ptr);
    text += ' ';
  }
  return text;
}

// A file, and then a field.
std::string form_text(std::string_view file, std::string_view field) {
  return fmt::format(
      "--of:the=form\r\n"
      "Content-Disposition: form-data; name=\"file\"; filename=\"sound.wav\"\r\n"
      "Content-Type: audio/wav\r\n\r\n"
      "{}\r\n--of:the=form\r\n"
      "Content-Disposition: form-data; name=\"{}\"\r\n\r\n"
      "somebody's\r\n--of:the=form--\r\n",
      file, field);
}

}  // namespace

int Request::refused_with() const {
  // HTTP/1.0 has no chunks: its head is bad already.
  const bool bad_head = call == Call::bad_head || (chunked && http_1_0);
  if (nobodys && !bad_head) return 401;
  switch (call) {
    case Call::models:
    case Call::models_head:
      return 200;
    case Call::unknown_key:
      return 401;
    case Call::no_route:
    case Call::no_path:
      return 404;
    case Call::bad_json:
    case Call::bad_head:
    case Call::bad_chunk:
    case Call::bad_form:
      return 400;
    case Call::too_large:
      return 413;
    default:
      return 0;
  }
}

std::string Ledger::marker(std::uint32_t number) {
  return fmt::format("R{}.", number);
}

std::size_t Ledger::some_bytes() {
  const std::uint64_t kind = small_ ? 0 : random_.below(100);
  if (kind < 80) return static_cast<std::size_t>(random_.below(600));
  if (kind < 95) return static_cast<std::size_t>(random_.below(8'000));
  if (kind < 98) return static_cast<std::size_t>(random_.below(40'000));
  return static_cast<std::size_t>(random_.below(random_.one_in(2) ? 480'000 : 150'000));
}

Request* Ledger::find(std::uint32_t number) {
  return number < requests_.size() ? requests_[number].get() : nullptr;
}

Request& Ledger::make(bool well_behaved, bool small) {
  small_ = small;
  requests_.push_back(std::make_unique<Request>());
  Request& request = *requests_.back();
  request.number = static_cast<std::uint32_t>(requests_.size() - 1);
  const std::uint64_t kind = random_.below(100);
  constexpr std::uint64_t kProviderCalls = 84;
  constexpr auto kFirstLocal = static_cast<std::uint64_t>(std::to_underlying(Call::models));
  if (kind < kProviderCalls || well_behaved) {
    request.call = static_cast<Call>(random_.below(kFirstLocal));
  } else {
    request.call = static_cast<Call>(kFirstLocal + random_.below(kCalls - kFirstLocal));
    // Half a megabyte for nothing: seldom.
    if (request.call == Call::too_large && !random_.one_in(4)) request.call = Call::bad_json;
  }
  choose_method(request);
  request.stream = request.call == Call::chat_stream || request.call == Call::messages_stream ||
                   request.call == Call::gemini_stream;
  request.asks_for_usage = request.call == Call::chat_stream && random_.one_in(3);
  const bool has_body = request.method == "POST";
  request.chunked = has_body && random_.one_in(5);
  request.expects_continue = has_body && random_.one_in(12);
  if (!well_behaved && !request.chunked && request.call != Call::models) {
    request.http_1_0 = random_.one_in(25);
  }
  request.close = random_.one_in(20);
  if (request.call == Call::bad_chunk) request.chunked = true;
  if (random_.one_in(20)) {
    constexpr int kStatuses[] = {422, 500, 204, 304};
    request.answer_status = kStatuses[random_.below(std::size(kStatuses))];
    if (breakers_ && request.answer_status == 500) request.answer_status = 404;
  }
  write_target(request);
  write_body(request);
  write_answer(request);
  return request;
}

void Ledger::choose_method(Request& request) {
  switch (request.call) {
    case Call::voices:
    case Call::models:
      request.method = "GET";
      return;
    case Call::voices_head:
    case Call::models_head:
      request.method = "HEAD";
      return;
    case Call::voice_delete:
      request.method = "DELETE";
      return;
    default:
      return;
  }
}

void Ledger::write_target(Request& request) {
  switch (request.call) {
    case Call::voices:
    case Call::voices_head:
    case Call::voice_delete:
      request.target = "/v1/audio/samples";
      return;
    case Call::messages:
    case Call::messages_stream:
      request.target = "/v1/messages";
      return;
    case Call::gemini:
      request.target = "/v1beta/models/gemini-sim:generateContent";
      return;
    case Call::gemini_stream:
      request.target = "/v1beta/models/gemini-sim:streamGenerateContent?alt=sse";
      return;
    case Call::speech:
    case Call::form:
    case Call::bad_chunk:
    case Call::bad_form:
      request.target = "/v1/audio/speech";
      return;
    case Call::models:
    case Call::models_head:
      request.target = "/v1/models";
      return;
    case Call::no_path:
      request.target = "/v1/nowhere";
      return;
    default:
      request.target = "/v1/chat/completions";
      return;
  }
}

void Ledger::write_body(Request& request) {
  const std::uint32_t number = request.number;
  const std::string text = filler(number, some_bytes());
  switch (request.call) {
    case Call::messages:
    case Call::messages_stream:
      request.model = "claude-sim";
      request.body = fmt::format(
          R"({{"model":"claude-sim","max_tokens":100,"stream":{},"marker":{},"messages":[{{"role":"user","content":"{}"}}]}})",
          request.stream, number, text);
      return;
    case Call::gemini:
    case Call::gemini_stream:
      request.model = "gemini-sim";
      request.body = fmt::format(
          R"({{"marker":{}, "contents":[{{"role":"user","parts":[{{"text":"{}"}}]}}]}})", number,
          text);
      return;
    case Call::speech:
    case Call::bad_chunk:
      if (request.call == Call::speech && number % 4 == 0) {
        request.body = fmt::format(R"({{"input":"{}"}})", text);
      } else {
        request.content_type = "audio/wav";  // which nobody takes for JSON
        request.body = text;
      }
      return;
    case Call::form:
    case Call::bad_form:
      request.content_type = "multipart/form-data; boundary=\"of:the=form\"";
      request.body = form_text(text, request.call == Call::form ? "name" : "file_id");
      return;
    case Call::voices:
    case Call::voices_head:
    case Call::voice_delete:
    case Call::models:
    case Call::models_head:
      return;
    case Call::bad_json:
      request.body =
          fmt::format(R"({{"model":"gpt-sim","marker":{},"messages":["{}"}})", number, text);
      return;
    case Call::too_large:
      request.body = fmt::format(R"({{"model":"gpt-sim","marker":{},"messages":["{}"]}})", number,
                                 filler(number, kBodyBytesMax));
      return;
    default:
      break;
  }
  const std::string_view model = request.call == Call::no_route ? "nobody"
                                 : random_.one_in(2)            ? "alias-sim"
                                                                : "gpt-sim";
  if (request.call != Call::no_route) request.model = model;
  std::string_view usage = "";
  if (request.asks_for_usage) usage = R"("stream_options":{"include_usage":true},)";
  request.body = fmt::format(
      R"({{"model": "{}","stream":{},{}"marker":{},"messages":[{{"role":"user","content":"{}"}}]}})",
      model, request.stream, usage, number, text);
}

void Ledger::write_answer(Request& request) {
  if (!request.answer_has_body()) return;
  if (request.stream && request.answer_status == 200) {
    write_stream(request);
    return;
  }
  const std::string text = filler(request.number, some_bytes());
  if (request.call == Call::speech || request.call == Call::form) {
    request.answer = text;
    return;
  }
  request.answer = chat_completion(fmt::format("R{}.", request.number), text);
}

void Ledger::write_stream(Request& request) {
  // Where an event is dropped, a cut within CRLF moves a line feed to another event's side; that
  // means the same, but is not the same bytes.
  const bool strips = request.call == Call::chat_stream && !request.asks_for_usage;
  const std::string_view end = !strips && random_.one_in(4) ? "\r\n" : "\n";
  const std::uint64_t events = 1 + random_.below(12);
  std::string& answer = request.answer;
  for (std::uint64_t i = 0; i < events; ++i) {
    const bool last = i + 1 == events;
    const std::string text = filler(
        request.number,
        static_cast<std::size_t>(random_.one_in(40) ? random_.below(6'000) : random_.below(80)));
    if (request.call == Call::chat_stream) {
      answer += fmt::format(
          R"(data: {{"id":"R{}.","choices":[{{"index":0,"delta":{{"content":"{}"}},"finish_reason":{}}}],"usage":null}})",
          request.number, text, last ? "\"stop\"" : "null");
    } else if (request.call == Call::messages_stream) {
      answer += fmt::format("event: content_block_delta{}", end);
      answer += fmt::format(
          R"(data: {{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":"{}"}}}})",
          text);
    } else {
      answer +=
          fmt::format(R"(data: {{"candidates":[{{"content":{{"parts":[{{"text":"{}"}}]}}{}}}]}})",
                      text, last ? R"(,"finishReason":"STOP")" : "");
    }
    answer += end;
    answer += end;
  }
  if (request.call == Call::chat_stream) {
    request.usage_at = answer.size();
    request.usage_event = fmt::format(
        R"(data: {{"id":"R{}.","choices":[],"usage":{{"prompt_tokens":3,"completion_tokens":5,"total_tokens":8}}}}{}{})",
        request.number, end, end);
    if (request.asks_for_usage) {
      answer += std::exchange(request.usage_event, {});
    }
    answer += fmt::format("data: [DONE]{}{}", end, end);
  } else if (request.call == Call::messages_stream) {
    answer +=
        fmt::format("event: message_stop{}data: {{\"type\":\"message_stop\"}}{}{}", end, end, end);
  }
}

void Ledger::settle(Request& request, Outcome outcome) {
  if (request.outcome != Outcome::open) {
    World::current().violation(fmt::format("request {} ended twice", request.number));
  }
  request.outcome = outcome;
}

}  // namespace headrace::sim
