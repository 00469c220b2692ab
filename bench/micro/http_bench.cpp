// HTTP/1.1 codec: what one request costs in parsing and writing heads, and a stream in chunks.
#include <array>
#include <string>

#include <benchmark/benchmark.h>

#include "net/http/chunked_decoder.h"
#include "net/http/date.h"
#include "net/http/field.h"
#include "net/http/forwarding.h"
#include "net/http/head_writer.h"
#include "net/http/request_head.h"
#include "net/http/response_head.h"
#include "net/http/text.h"

namespace headrace::net::http {
namespace {

// As an official SDK sends it, without its dozen of telemetry fields.
const std::string kChatRequest =
    "POST /v1/chat/completions HTTP/1.1\r\n"
    "Host: gateway.example.com\r\n"
    "Accept-Encoding: gzip, deflate\r\n"
    "Connection: keep-alive\r\n"
    "Accept: application/json\r\n"
    "Content-Type: application/json\r\n"
    "User-Agent: OpenAI/Python 1.51.0\r\n"
    "X-Stainless-Lang: python\r\n"
    "X-Stainless-Package-Version: 1.51.0\r\n"
    "Authorization: Bearer sk-hr-0123456789abcdef0123456789abcdef0123456789abcdef\r\n"
    "Content-Length: 1536\r\n\r\n";

const std::string kChatAnswer =
    "HTTP/1.1 200 OK\r\n"
    "Date: Thu, 06 Nov 2025 08:49:37 GMT\r\n"
    "Content-Type: application/json\r\n"
    "Content-Length: 1123\r\n"
    "Connection: keep-alive\r\n"
    "openai-processing-ms: 412\r\n"
    "x-ratelimit-limit-requests: 10000\r\n"
    "x-ratelimit-remaining-requests: 9999\r\n"
    "x-ratelimit-reset-requests: 6ms\r\n"
    "x-request-id: req_0123456789abcdef0123456789abcdef\r\n\r\n";

void parse_request(benchmark::State& state, const std::string& text) {
  RequestHead head;
  const HeadLimits limits;
  for (auto _ : state) {
    HeadScan scan;
    const HeadResult result = parse_request_head(text, limits, head, scan);
    if (result.status != HeadStatus::complete) state.SkipWithError("not parsed");
    benchmark::DoNotOptimize(head.content_length);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

void BM_RequestHeadSmall(benchmark::State& state) {
  parse_request(state, "GET /v1/models HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer k\r\n\r\n");
}
BENCHMARK(BM_RequestHeadSmall);

void BM_RequestHeadChat(benchmark::State& state) {
  parse_request(state, kChatRequest);
}
BENCHMARK(BM_RequestHeadChat);

void BM_RequestHeadHundredFields(benchmark::State& state) {
  std::string text = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 1; i < 100; ++i)
    text += "X-Padding-" + std::to_string(i) + ": some value\r\n";
  parse_request(state, text + "\r\n");
}
BENCHMARK(BM_RequestHeadHundredFields);

// The first pass alone.
void BM_ScanHeadChat(benchmark::State& state) {
  const HeadLimits limits;
  for (auto _ : state) {
    HeadScan scan;
    benchmark::DoNotOptimize(scan_head(kChatRequest, HeadKind::request, limits, scan));
  }
}
BENCHMARK(BM_ScanHeadChat);

void BM_RequestHeadByteByByte(benchmark::State& state) {
  RequestHead head;
  const HeadLimits limits;
  for (auto _ : state) {
    HeadScan scan;
    for (std::size_t size = 1; size <= kChatRequest.size(); ++size) {
      benchmark::DoNotOptimize(
          parse_request_head(std::string_view(kChatRequest).substr(0, size), limits, head, scan));
    }
  }
}
BENCHMARK(BM_RequestHeadByteByByte);

void BM_ResponseHeadChat(benchmark::State& state) {
  ResponseHead head;
  const HeadLimits limits;
  for (auto _ : state) {
    HeadScan scan;
    const HeadResult result = parse_response_head(kChatAnswer, limits, Method::post, head, scan);
    if (result.status != HeadStatus::complete) state.SkipWithError("not parsed");
    benchmark::DoNotOptimize(head.content_length);
  }
}
BENCHMARK(BM_ResponseHeadChat);

void BM_WriteUpstreamHead(benchmark::State& state) {
  RequestHead head;
  HeadScan scan;
  parse_request_head(kChatRequest, HeadLimits{}, head, scan);
  std::array<char, 4096> memory;
  for (auto _ : state) {
    HeadWriter writer(memory);
    writer.request_line(head.method_text, head.path(), head.query());
    writer.field(FieldId::host, "api.openai.com");
    writer.field(FieldId::authorization, {"Bearer ", "sk-0123456789abcdef0123456789abcdef"});
    for (const Field& field : head.fields) {
      if (forwards(field, kRequestFieldsWithheld)) writer.forward(field);
    }
    writer.field(FieldId::content_length, head.content_length);
    writer.end();
    if (!writer.ok()) state.SkipWithError("not written");
    benchmark::DoNotOptimize(writer.text().data());
  }
}
BENCHMARK(BM_WriteUpstreamHead);

void BM_WriteDownstreamHead(benchmark::State& state) {
  ResponseHead head;
  HeadScan scan;
  parse_response_head(kChatAnswer, HeadLimits{}, Method::post, head, scan);
  std::array<char, 4096> memory;
  for (auto _ : state) {
    HeadWriter writer(memory);
    writer.status_line(head.status);
    for (const Field& field : head.fields) {
      if (forwards(field, kResponseFieldsWithheld)) writer.forward(field);
    }
    writer.field(FieldId::x_request_id, "0123456789abcdef");
    writer.field(FieldId::content_length, head.content_length);
    writer.end();
    if (!writer.ok()) state.SkipWithError("not written");
    benchmark::DoNotOptimize(writer.text().data());
  }
}
BENCHMARK(BM_WriteDownstreamHead);

// A stream as providers send it: one event of about 200 bytes a chunk.
void BM_ChunkedEvents(benchmark::State& state) {
  constexpr std::size_t kChunks = 64;
  std::string text;
  for (std::size_t i = 0; i < kChunks; ++i)
    text += "c8\r\n" + std::string(200, 'x') + "\r\n";
  for (auto _ : state) {
    ChunkedDecoder decoder;
    std::span<const std::byte> rest = as_bytes(text);
    std::size_t bytes = 0;
    while (!rest.empty()) {
      const ChunkStep step = decoder.next(rest);
      bytes += step.data.size();
      rest = rest.subspan(step.consumed);
    }
    if (bytes != kChunks * 200) state.SkipWithError("not decoded");
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kChunks));
}
BENCHMARK(BM_ChunkedEvents);

void BM_FieldId(benchmark::State& state) {
  const std::array<std::string_view, 4> names = {"Content-Length", "x-stainless-lang", "Host",
                                                 "transfer-encoding"};
  for (auto _ : state) {
    for (const std::string_view name : names)
      benchmark::DoNotOptimize(field_id(name));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(names.size()));
}
BENCHMARK(BM_FieldId);

void BM_Date(benchmark::State& state) {
  DateCache cache;
  core::WallTime now{1'700'000'000'000'000'000};
  for (auto _ : state) {
    now.unix_nanos += 1000;
    benchmark::DoNotOptimize(cache.at(now).data());
  }
}
BENCHMARK(BM_Date);

}  // namespace
}  // namespace headrace::net::http
