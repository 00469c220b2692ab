// What the dialects cost per request, per answer and per event of a stream.
#include <array>
#include <span>
#include <string>

#include <benchmark/benchmark.h>

#include "policy/body/body_scan.h"
#include "policy/body/request_edits.h"
#include "policy/dialect/endpoint.h"
#include "policy/dialect/error_body.h"
#include "policy/dialect/sse_framer.h"
#include "policy/dialect/stream_meter.h"
#include "policy/dialect/usage_scanner.h"

namespace headrace::policy {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

void count_bytes(benchmark::State& state, std::size_t bytes) {
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes) * state.iterations());
}

// A chat of at least `bytes` whose messages have `message_bytes` of text each.
std::string chat(std::size_t bytes, std::size_t message_bytes, std::string_view text) {
  std::string body = R"({"model":"gpt-4o-mini","messages":[)";
  for (bool first = true; body.size() < bytes; first = false) {
    if (!first) body += ',';
    body += R"({"role":"user","content":")";
    for (std::size_t size = 0; size < message_bytes; size += text.size())
      body += text;
    body += R"("})";
  }
  return body + R"(],"temperature":0.7,"max_tokens":256,"stream":true,"n":1,"user":"u-1"})";
}

constexpr std::string_view kEnglish = "The quick brown fox jumps over the lazy dog, they say. ";
constexpr std::string_view kCode = R"(int main() {\n  return run(\"x\", 1);\n}\n)";
constexpr std::string_view kGerman = "Größe und Übermut führen zu Ärger, heißt es. ";
constexpr std::string_view kEscapedChinese = R"(\u4e2d\u6587\u5b57\u7b26)";

void scan(benchmark::State& state, const std::string& body,
          Endpoint endpoint = Endpoint::chat_completions) {
  BodyScan scan;
  for (auto _ : state) {
    scan.start(endpoint, {});
    while (scan.scanned() < body.size())
      benchmark::DoNotOptimize(scan.advance(bytes_of(body)));
    benchmark::DoNotOptimize(scan.finish());
  }
  count_bytes(state, body.size());
}

void BM_BodyScanChat1500(benchmark::State& state) {
  scan(state, chat(1400, 220, kEnglish));
}
void BM_BodyScanChat100K(benchmark::State& state) {
  scan(state, chat(100000, 9000, kEnglish));
}
void BM_BodyScanCode100K(benchmark::State& state) {
  scan(state, chat(100000, 9000, kCode));
}
void BM_BodyScanGerman100K(benchmark::State& state) {
  scan(state, chat(100000, 9000, kGerman));
}
void BM_BodyScanEscaped100K(benchmark::State& state) {
  scan(state, chat(100000, 9000, kEscapedChinese));
}
void BM_BodyScanManyMessages100K(benchmark::State& state) {
  scan(state, chat(100000, 50, kEnglish));
}
void BM_BodyScanTools20K(benchmark::State& state) {
  std::string body = R"({"model":"m","tools":[)";
  while (body.size() < 20000) {
    body += R"({"type":"function","function":{"name":"get_weather","description":"Get it",)"
            R"("parameters":{"type":"object","properties":{"a":{"type":"string"},"b":)"
            R"({"type":"number","minimum":1}},"required":["a","b"]}}},)";
  }
  scan(state, body + "1]}");
}
// A chat whose messages consist of parts, in words and by an image's address.
void BM_BodyScanParts20K(benchmark::State& state) {
  std::string body = R"({"model":"m","messages":[)";
  while (body.size() < 20000) {
    body +=
        R"({"role":"user","content":[{"type":"text","text":"What does this show?"},)"
        R"({"type":"image_url","image_url":{"url":"https://example.com/a.png","detail":"low"}}]},)"
        R"({"role":"assistant","content":[{"type":"text","text":"A cat on a mat, asleep."}]},)";
  }
  body.back() = ']';
  scan(state, body + "}");
}
// What an agent sends again in each of its turns.
void BM_BodyScanResponses20K(benchmark::State& state) {
  std::string body = R"({"model":"m","store":false,"input":[)";
  while (body.size() < 20000) {
    body += R"({"type":"message","role":"user","content":[{"type":"input_text","text":"Go on."}]},)"
            R"({"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAAAABo"},)"
            R"({"type":"function_call","id":"fc_1","call_id":"call_1","name":"read_file",)"
            R"("arguments":"{\"path\":\"a.cpp\"}","status":"completed"},)"
            R"({"type":"function_call_output","call_id":"call_1","output":"int main() {}"},)"
            R"({"type":"message","id":"msg_1","role":"assistant","status":"completed","content":)"
            R"([{"type":"output_text","text":"It does nothing.","annotations":[]}]},)";
  }
  body.back() = ']';
  scan(state, body + "}", Endpoint::responses);
}
// The same with tools of schemas before it, as little is said.
void BM_BodyScanResponsesTools20K(benchmark::State& state) {
  std::string body = R"({"model":"m","input":"Go on.","tools":[)";
  while (body.size() < 20000) {
    body += R"({"type":"function","name":"get_weather","description":"Get it",)"
            R"("parameters":{"type":"object","properties":{"a":{"type":"string"},"b":)"
            R"({"type":"number","minimum":1}},"required":["a","b"]},"strict":true},)";
  }
  body.back() = ']';
  scan(state, body + "}", Endpoint::responses);
}
// The dearest text per byte: a turn's worth of it must stay far below a millisecond.
void BM_BodyScanWorstTurn(benchmark::State& state) {
  std::string body = R"({"x":[)";
  while (body.size() < kScanTurnBytes - 4)
    body += "1,";
  scan(state, body + "1]}");
}
BENCHMARK(BM_BodyScanChat1500);
BENCHMARK(BM_BodyScanChat100K);
BENCHMARK(BM_BodyScanCode100K);
BENCHMARK(BM_BodyScanGerman100K);
BENCHMARK(BM_BodyScanEscaped100K);
BENCHMARK(BM_BodyScanManyMessages100K);
BENCHMARK(BM_BodyScanTools20K);
BENCHMARK(BM_BodyScanParts20K);
BENCHMARK(BM_BodyScanResponses20K);
BENCHMARK(BM_BodyScanResponsesTools20K);
BENCHMARK(BM_BodyScanWorstTurn);

void BM_RequestEdits(benchmark::State& state) {
  const std::string body = chat(1400, 220, kEnglish);
  const BodyFacts facts = *scan_body(bytes_of(body), Endpoint::chat_completions, {});
  EditList edits;
  std::array<std::string_view, EditList::kSlicesMax> slices;
  for (auto _ : state) {
    edits.clear();
    benchmark::DoNotOptimize(set_model(edits, facts, "gpt-4o-mini-2024-07-18"));
    benchmark::DoNotOptimize(set_include_usage(edits, facts));
    benchmark::DoNotOptimize(edits.slices(body, slices));
  }
}
BENCHMARK(BM_RequestEdits);

std::string chat_answer(std::size_t text_bytes) {
  std::string text;
  while (text.size() < text_bytes)
    text += kEnglish;
  return R"({"id":"chatcmpl-AbCdEfGhIjKlMnOpQrStUvWxYz012","object":"chat.completion",)"
         R"("created":1732137600,"model":"gpt-4o-mini-2024-07-18","choices":[{"index":0,)"
         R"("message":{"role":"assistant","content":")" +
         text +
         R"(","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":19,)"
         R"("completion_tokens":10,"total_tokens":29,"prompt_tokens_details":{"cached_tokens":0,)"
         R"("audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,)"
         R"("accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},)"
         R"("service_tier":"default","system_fingerprint":"fp_0705bf87c0"})";
}

void scan_answer(benchmark::State& state, const std::string& answer, std::size_t slice_bytes) {
  UsageScanner scanner;
  for (auto _ : state) {
    scanner.start(Endpoint::chat_completions);
    for (std::size_t at = 0; at < answer.size(); at += slice_bytes) {
      scanner.feed(bytes_of(std::string_view(answer).substr(at, slice_bytes)));
    }
    benchmark::DoNotOptimize(scanner.usage());
  }
  count_bytes(state, answer.size());
}
void BM_UsageOfAnswer1100(benchmark::State& state) {
  scan_answer(state, chat_answer(330), 1 << 20);
}
void BM_UsageOfAnswer64K(benchmark::State& state) {
  scan_answer(state, chat_answer(64000), 16384);
}
void BM_UsageOfAnswer1M(benchmark::State& state) {
  scan_answer(state, chat_answer(1 << 20), 131072);
}
BENCHMARK(BM_UsageOfAnswer1100);
BENCHMARK(BM_UsageOfAnswer64K);
BENCHMARK(BM_UsageOfAnswer1M);

const std::string kChatDelta =
    R"(data: {"id":"chatcmpl-AbCdEfGhIjKlMnOpQrStUvWxYz012","object":"chat.completion.chunk",)"
    R"("created":1732137600,"model":"gpt-4o-mini","choices":[{"index":0,"delta":{"content":)"
    R"(" Hello"},"logprobs":null,"finish_reason":null}],"usage":null})"
    "\n\n";
const std::string kMessagesDelta =
    "event: content_block_delta\n"
    R"(data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello"}})"
    "\n\n";
const std::string kResponsesDelta =
    "event: response.output_text.delta\n"
    R"(data: {"type":"response.output_text.delta","sequence_number":17,"item_id":)"
    R"("msg_67c9fdcf37fc8190ba82116e33fb28c507b8b0ad4e5eb654","output_index":0,"content_index":0,)"
    R"("delta":" Hello","logprobs":[],"obfuscation":"abcdefghijkl"})"
    "\n\n";

void meter(benchmark::State& state, Endpoint endpoint, const std::string& event) {
  constexpr int kEvents = 16;
  std::string slice;
  for (int i = 0; i < kEvents; ++i)
    slice += event;
  StreamMeter meter(endpoint, {.strip_usage_chunk = true});
  for (auto _ : state) {
    meter.feed(bytes_of(slice));
    while (const auto piece = meter.next())
      benchmark::DoNotOptimize(piece);
  }
  count_bytes(state, slice.size());
  state.SetItemsProcessed(state.iterations() * kEvents);
  state.counters["event_bytes"] = static_cast<double>(event.size());
}
void BM_MeterChatEvents(benchmark::State& state) {
  meter(state, Endpoint::chat_completions, kChatDelta);
}
void BM_MeterMessagesEvents(benchmark::State& state) {
  meter(state, Endpoint::messages, kMessagesDelta);
}
void BM_MeterResponsesEvents(benchmark::State& state) {
  meter(state, Endpoint::responses, kResponsesDelta);
}
BENCHMARK(BM_MeterChatEvents);
BENCHMARK(BM_MeterMessagesEvents);
BENCHMARK(BM_MeterResponsesEvents);

void BM_SseFraming(benchmark::State& state) {
  std::string slice;
  for (int i = 0; i < 16; ++i)
    slice += kChatDelta;
  SseFramer framer;
  for (auto _ : state) {
    framer.feed(slice);
    while (framer.next().kind != SseToken::Kind::more) {
    }
  }
  count_bytes(state, slice.size());
  state.SetItemsProcessed(state.iterations() * 16);
}
BENCHMARK(BM_SseFraming);

void BM_MatchEndpoint(benchmark::State& state, std::string_view path) {
  for (auto _ : state)
    benchmark::DoNotOptimize(match_endpoint("POST", path, false));
}
BENCHMARK_CAPTURE(BM_MatchEndpoint, chat, "/v1/chat/completions");
BENCHMARK_CAPTURE(BM_MatchEndpoint, gemini, "/v1beta/models/gemini-2.5-pro:generateContent");
BENCHMARK_CAPTURE(BM_MatchEndpoint, unknown, "/v1/nothing/of/the/kind");

void BM_ErrorBody(benchmark::State& state) {
  std::array<char, kErrorBytesMax> out;
  const ErrorAnswer answer{.reason = Reason::rate_limited,
                           .detail = "30 requests a minute are allowed",
                           .instance = "/v1/chat/completions",
                           .retry_after_ms = 1500,
                           .request_id = "01890a5d-ac96-774b-bcce-b302099a8057"};
  for (auto _ : state)
    benchmark::DoNotOptimize(write_error_body(answer, Dialect::openai, out));
}
BENCHMARK(BM_ErrorBody);

}  // namespace
}  // namespace headrace::policy
