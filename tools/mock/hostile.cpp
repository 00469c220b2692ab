#include "tools/mock/hostile.h"

#include <array>

#include "core/check.h"
#include "tools/mock/put.h"

namespace headrace::tools::mock {
namespace {

constexpr auto kAnswers = std::to_array<HostileAnswer>({
    {Hostile::none, "none", "an honest answer", false},
    {Hostile::length_and_chunked, "length-and-chunked", "Content-Length beside chunked", false},
    {Hostile::two_lengths, "two-lengths", "two different Content-Length fields", false},
    {Hostile::equal_lengths, "equal-lengths", "two equal Content-Length fields", false},
    {Hostile::length_negative, "length-negative", "Content-Length: -1", true},
    {Hostile::length_plus, "length-plus", "Content-Length with a plus sign", false},
    {Hostile::length_overflow, "length-overflow", "Content-Length of 2^64 + the length", false},
    {Hostile::length_empty, "length-empty", "an empty Content-Length", true},
    {Hostile::length_list, "length-list", "Content-Length: n, n", false},
    {Hostile::encoding_unknown, "encoding-unknown", "Transfer-Encoding: xchunked", true},
    {Hostile::encoding_twice, "encoding-twice", "Transfer-Encoding: chunked, chunked", true},
    {Hostile::encoding_not_last, "encoding-not-last", "Transfer-Encoding: chunked, gzip", true},
    {Hostile::chunked_http_1_0, "chunked-http-1-0", "chunked in an HTTP/1.0 answer", true},
    {Hostile::chunk_size_bad, "chunk-size-bad", "a chunk size that is no number", false},
    {Hostile::chunk_size_overflow, "chunk-size-overflow", "a chunk size beyond 64 bits", false},
    {Hostile::chunk_size_negative, "chunk-size-negative", "a chunk size of -1", false},
    {Hostile::chunk_size_space, "chunk-size-space", "a blank before the chunk size", false},
    {Hostile::chunk_no_crlf, "chunk-no-crlf", "no line end after a chunk's data", false},
    {Hostile::chunk_bare_lf, "chunk-bare-lf", "a chunk line that ends in LF alone", false},
    {Hostile::chunk_extension_cr, "chunk-extension-cr", "CR inside a chunk extension", false},
    {Hostile::chunk_extension_huge, "chunk-extension-huge", "a chunk extension of 1 MiB", false},
    {Hostile::chunk_no_end, "chunk-no-end", "closes without the last chunk", true},
    {Hostile::trailer_framing, "trailer-framing", "Content-Length in the trailers", false},
    {Hostile::trailer_huge, "trailer-huge", "1 MiB of trailers", false},
    {Hostile::length_short_body, "length-short-body", "closes before the promised length", true},
    {Hostile::http_0_9, "http-0-9", "a body without any head", true},
    {Hostile::http_2_line, "http-2-line", "HTTP/2 in the status line", false},
    {Hostile::status_switch_101, "status-101", "101 Switching Protocols, unasked", false},
    {Hostile::status_099, "status-099", "a status of 099", false},
    {Hostile::status_two_digits, "status-two-digits", "a status of 20", false},
    {Hostile::status_no_reason, "status-no-reason", "a status line without reason (legal)", false},
    {Hostile::status_interim_end, "status-interim-end", "a 100 answer, then the end", true},
    {Hostile::line_bare_lf, "line-bare-lf", "lines that end in LF alone", false},
    {Hostile::line_bare_cr, "line-bare-cr", "CR inside a field value", false},
    {Hostile::header_no_colon, "header-no-colon", "a field without colon", false},
    {Hostile::header_space_before_colon, "header-space-before-colon", "a blank before the colon",
     false},
    {Hostile::header_empty_name, "header-empty-name", "a field with an empty name", false},
    {Hostile::header_nul, "header-nul", "NUL in a field value", false},
    {Hostile::header_fold, "header-fold", "a folded field", false},
    {Hostile::header_space_first, "header-space-first", "white space before the first field",
     false},
    {Hostile::head_huge, "head-huge", "a head of 1 MiB in many fields", false},
    {Hostile::header_huge, "header-huge", "one field of 1 MiB", false},
    {Hostile::headers_many, "headers-many", "10,000 short fields", false},
    {Hostile::head_cut, "head-cut", "closes in the middle of the head", true},
    {Hostile::garbage, "garbage", "random bytes", true},
    {Hostile::answer_twice, "answer-twice", "two answers to one request", false},
    {Hostile::answer_no_body_204, "body-after-204", "204 with a body", false},
    {Hostile::answer_body_304, "body-after-304", "304 with a Content-Length and a body", false},
});

constexpr std::size_t kHugeBytes = 1U << 20U;
// So that 2^64 + the length is written by its last six digits.
constexpr std::size_t kBodyBytesMax = 400'000;
constexpr std::string_view kType = "Content-Type: application/json\r\n";

void put_head(std::string& out, std::string_view fields) {
  put(out, "HTTP/1.1 200 OK\r\n", kType, fields, "\r\n");
}

void put_with_length(std::string& out, std::string_view line, std::string_view body) {
  put(out, "HTTP/1.1 200 OK\r\n", line, kType, "Content-Length: ", body.size(), "\r\n\r\n", body);
}

void put_hex_size(std::string& out, std::size_t size) {
  char digits[17];
  const auto end = std::to_chars(digits, digits + sizeof digits, size, 16).ptr;
  out.append(digits, end);
}

void put_chunk(std::string& out, std::string_view body, std::string_view line_end = "\r\n") {
  put_hex_size(out, body.size());
  put(out, line_end, body, "\r\n");
}

constexpr std::string_view kChunked = "Transfer-Encoding: chunked\r\n";

void put_bad_length(std::string& out, Hostile kind, std::string_view body) {
  std::string fields;
  const std::size_t size = body.size();
  switch (kind) {
    case Hostile::length_and_chunked:
      put(fields, "Content-Length: ", size, "\r\n", kChunked);
      break;
    case Hostile::two_lengths:
      put(fields, "Content-Length: ", size, "\r\nContent-Length: ", size + 1, "\r\n");
      break;
    case Hostile::equal_lengths:
      put(fields, "Content-Length: ", size, "\r\nContent-Length: ", size, "\r\n");
      break;
    case Hostile::length_negative:
      put(fields, "Content-Length: -1\r\n");
      break;
    case Hostile::length_plus:
      put(fields, "Content-Length: +", size, "\r\n");
      break;
    case Hostile::length_overflow:  // 2^64 = 18446744073709551616: wraps to the true length
      put(fields, "Content-Length: 18446744073709", 551'616 + size, "\r\n");
      break;
    case Hostile::length_empty:
      put(fields, "Content-Length:\r\n");
      break;
    default:
      put(fields, "Content-Length: ", size, ", ", size, "\r\n");
      break;
  }
  put_head(out, fields);
  if (kind == Hostile::length_and_chunked) {
    put_chunk(out, body);
    put(out, "0\r\n\r\n");
  } else {
    put(out, body);
  }
}

void put_bad_encoding(std::string& out, Hostile kind, std::string_view body) {
  if (kind == Hostile::chunked_http_1_0) {
    put(out, "HTTP/1.0 200 OK\r\n", kType, kChunked, "\r\n");
  } else {
    put_head(out, kind == Hostile::encoding_unknown ? "Transfer-Encoding: xchunked\r\n"
                  : kind == Hostile::encoding_twice ? "Transfer-Encoding: chunked, chunked\r\n"
                                                    : "Transfer-Encoding: chunked, gzip\r\n");
  }
  put_chunk(out, body);
  put(out, "0\r\n\r\n");
}

void put_bad_chunk(std::string& out, Hostile kind, std::string_view body) {
  put_head(out, kChunked);
  const std::string_view half = body.substr(0, body.size() / 2);
  const std::string_view rest = body.substr(half.size());
  put_chunk(out, half);
  switch (kind) {
    case Hostile::chunk_size_bad:
      put(out, "xyz\r\n", rest, "\r\n");
      break;
    case Hostile::chunk_size_overflow:
      put(out, "10000000000000000\r\n", rest, "\r\n");
      break;
    case Hostile::chunk_size_negative:
      put(out, "-1\r\n", rest, "\r\n");
      break;
    case Hostile::chunk_size_space:
      put(out, ' ');
      put_chunk(out, rest);
      break;
    case Hostile::chunk_no_crlf:
      put_hex_size(out, rest.size());
      put(out, "\r\n", rest);
      break;
    case Hostile::chunk_bare_lf:
      put_chunk(out, rest, "\n");
      break;
    case Hostile::chunk_extension_cr:
      put_chunk(out, rest, ";a=\rb\r\n");
      break;
    case Hostile::chunk_extension_huge:
      put_chunk(out, rest, ";a=" + std::string(kHugeBytes, 'b') + "\r\n");
      break;
    default:
      put_chunk(out, rest);
      break;
  }
  if (kind == Hostile::chunk_no_end) return;
  put(out, "0\r\n");
  if (kind == Hostile::trailer_framing) put(out, "Content-Length: 3\r\n");
  if (kind == Hostile::trailer_huge) {
    put(out, "x-trailer: ", std::string(kHugeBytes, 't'), "\r\n");
  }
  put(out, "\r\n");
}

void put_bad_line(std::string& out, Hostile kind, std::string_view body) {
  switch (kind) {
    case Hostile::line_bare_lf:
      put(out, "HTTP/1.1 200 OK\nContent-Type: application/json\nContent-Length: ", body.size(),
          "\n\n", body);
      return;
    case Hostile::line_bare_cr:
      return put_with_length(out, "X-Bad: a\rb\r\n", body);
    case Hostile::header_no_colon:
      return put_with_length(out, "X-Bad\r\n", body);
    case Hostile::header_space_before_colon:
      return put_with_length(out, "X-Bad : a\r\n", body);
    case Hostile::header_empty_name:
      return put_with_length(out, ": a\r\n", body);
    case Hostile::header_nul:
      return put_with_length(out, std::string_view("X-Bad: a\0b\r\n", 12), body);
    case Hostile::header_fold:
      return put_with_length(out, "X-Bad: a\r\n b\r\n", body);
    case Hostile::header_space_first:
      return put_with_length(out, " X-Bad: a\r\n", body);
    default:
      break;
  }
  std::string lines;
  if (kind == Hostile::header_huge) {
    put(lines, "X-Huge: ", std::string(kHugeBytes, 'h'), "\r\n");
  } else if (kind == Hostile::headers_many) {
    for (int i = 0; i < 10'000; ++i)
      put(lines, "X-", i, ": a\r\n");
  } else {
    const std::string value(1000, 'h');
    for (int i = 0; lines.size() < kHugeBytes; ++i)
      put(lines, "X-Huge-", i, ": ", value, "\r\n");
  }
  put_with_length(out, lines, body);
}

void put_bad_status(std::string& out, Hostile kind, std::string_view body) {
  std::string rest;
  put(rest, kType, "Content-Length: ", body.size(), "\r\n\r\n", body);
  switch (kind) {
    case Hostile::http_0_9:
      put(out, body);
      break;
    case Hostile::http_2_line:
      put(out, "HTTP/2 200 OK\r\n", rest);
      break;
    case Hostile::status_switch_101:
      put(out, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
      put(out, "HTTP/1.1 200 OK\r\n", rest);
      break;
    case Hostile::status_099:
      put(out, "HTTP/1.1 099 Low\r\n", rest);
      break;
    case Hostile::status_two_digits:
      put(out, "HTTP/1.1 20 OK\r\n", rest);
      break;
    case Hostile::status_no_reason:
      put(out, "HTTP/1.1 200 \r\n", rest);
      break;
    default:
      put(out, "HTTP/1.1 100 Continue\r\n\r\n");
      break;
  }
}

void put_bad_answer(std::string& out, Hostile kind, std::string_view body) {
  switch (kind) {
    case Hostile::length_short_body:
      put(out, "HTTP/1.1 200 OK\r\n", kType, "Content-Length: ", body.size() + 100, "\r\n\r\n",
          body);
      break;
    case Hostile::head_cut:
      put(out, "HTTP/1.1 200 OK\r\nContent-Ty");
      break;
    case Hostile::garbage:
      for (unsigned i = 0, byte = 0x9d; i < 512; ++i, byte = byte * 73U + 41U) {
        out.push_back(static_cast<char>(byte & 0xffU));
      }
      break;
    case Hostile::answer_twice:
      put_with_length(out, "", body);
      put_with_length(out, "X-Second: yes\r\n", body);
      break;
    case Hostile::answer_no_body_204:
      put(out, "HTTP/1.1 204 No Content\r\n", kType, "\r\n", body);
      break;
    default:
      put(out, "HTTP/1.1 304 Not Modified\r\n", kType, "Content-Length: ", body.size(), "\r\n\r\n",
          body);
      break;
  }
}

}  // namespace

std::span<const HostileAnswer> hostile_answers() {
  return kAnswers;
}

const HostileAnswer* find_hostile(std::string_view name) {
  for (const HostileAnswer& answer : kAnswers) {
    if (answer.name == name) return &answer;
  }
  return nullptr;
}

const HostileAnswer& hostile_answer(Hostile kind) {
  const HostileAnswer& answer = kAnswers[static_cast<std::size_t>(kind)];
  HEADRACE_CHECK(answer.kind == kind, "the table stands in the enum's order");
  return answer;
}

void put_hostile_answer(std::string& out, Hostile kind, std::string_view body) {
  body = body.substr(0, kBodyBytesMax);
  if (kind >= Hostile::length_and_chunked && kind <= Hostile::length_list) {
    put_bad_length(out, kind, body);
  } else if (kind >= Hostile::encoding_unknown && kind <= Hostile::chunked_http_1_0) {
    put_bad_encoding(out, kind, body);
  } else if (kind >= Hostile::chunk_size_bad && kind <= Hostile::trailer_huge) {
    put_bad_chunk(out, kind, body);
  } else if (kind >= Hostile::http_0_9 && kind <= Hostile::status_interim_end) {
    put_bad_status(out, kind, body);
  } else if (kind >= Hostile::line_bare_lf && kind <= Hostile::headers_many) {
    put_bad_line(out, kind, body);
  } else {
    put_bad_answer(out, kind, body);
  }
}

}  // namespace headrace::tools::mock
