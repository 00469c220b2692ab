#include "policy/dialect/error_body.h"

#include "core/check.h"
#include "policy/json/json_writer.h"

namespace headrace::policy {
namespace {

// Bytes of each text as written, at most. `detail` is written twice.
constexpr std::size_t kTitleBytesMax = 160;
constexpr std::size_t kDetailBytesMax = 640;
constexpr std::size_t kInstanceBytesMax = 256;
constexpr std::size_t kNameBytesMax = 128;  // param, limit, scope, request id
constexpr std::size_t kPunctuationBytesMax = 640;
static_assert(kTitleBytesMax + 2 * kDetailBytesMax + kInstanceBytesMax + 5 * kNameBytesMax +
                  kPunctuationBytesMax <=
              kErrorBytesMax);

void write_openai_error(JsonWriter& writer, const ErrorAnswer& answer) {
  const ReasonRow& reason = row(answer.reason);
  writer.raw(R"({"message":)").string(answer.detail, kDetailBytesMax);
  writer.raw(R"(,"type":)").string(reason.openai_type).raw(R"(,"param":)");
  if (answer.param.empty()) {
    writer.raw("null");
  } else {
    writer.string(answer.param, kNameBytesMax);
  }
  writer.raw(R"(,"code":)").string(reason.openai_code).raw("}");
}

void write_anthropic_error(JsonWriter& writer, const ErrorAnswer& answer) {
  writer.raw(R"({"type":)").string(row(answer.reason).anthropic_type);
  writer.raw(R"(,"message":)").string(answer.detail, kDetailBytesMax).raw("}");
}

// google.protobuf.Duration in JSON: seconds with a fraction of three digits.
void write_duration(JsonWriter& writer, std::int64_t milliseconds) {
  const std::int64_t rest = milliseconds % 1000;
  writer.raw("\"").number(milliseconds / 1000).raw(".");
  writer.raw(rest < 10 ? "00" : rest < 100 ? "0" : "").number(rest).raw("s\"");
}

void write_gemini_error(JsonWriter& writer, const ErrorAnswer& answer) {
  const ReasonRow& reason = row(answer.reason);
  writer.raw(R"({"code":)").number(reason.status);
  writer.raw(R"(,"message":)").string(answer.detail, kDetailBytesMax);
  writer.raw(R"(,"status":)").string(reason.gemini_status).raw(R"(,"details":[)");
  if (answer.retry_after_ms >= 0) {
    writer.raw(R"({"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":)");
    write_duration(writer, answer.retry_after_ms);
    writer.raw("}");
  }
  writer.raw("]}");
}

void write_error(JsonWriter& writer, const ErrorAnswer& answer, Dialect dialect) {
  switch (dialect) {
    case Dialect::openai:
      return write_openai_error(writer, answer);
    case Dialect::anthropic:
      return write_anthropic_error(writer, answer);
    case Dialect::gemini:
      return write_gemini_error(writer, answer);
  }
}

void write_optional(JsonWriter& writer, std::string_view key, std::string_view value,
                    std::size_t bytes_max) {
  if (!value.empty()) writer.raw(",\"").raw(key).raw("\":").string(value, bytes_max);
}

std::size_t whole(const JsonWriter& writer) {
  HEADRACE_CHECK(writer.fits());
  return writer.size();
}

}  // namespace

std::size_t write_error_body(const ErrorAnswer& answer, Dialect dialect, std::span<char> out) {
  HEADRACE_CHECK(out.size() >= kErrorBytesMax);
  const ReasonRow& reason = row(answer.reason);
  JsonWriter writer(out);
  if (dialect == Dialect::anthropic) {
    writer.raw(R"({"type":"error")");
  } else {
    writer.raw(R"({"type":"urn:headrace:problem:)").raw(reason.code).raw("\"");
  }
  writer.raw(R"(,"title":)").string(answer.title, kTitleBytesMax);
  // Google's SDK would take it for its own, which is a word and stands in `error`.
  if (dialect != Dialect::gemini) writer.raw(R"(,"status":)").number(reason.status);
  writer.raw(R"(,"detail":)").string(answer.detail, kDetailBytesMax);
  write_optional(writer, "instance", answer.instance, kInstanceBytesMax);
  writer.raw(R"(,"code":)").string(reason.code);
  write_optional(writer, "limit", answer.limit, kNameBytesMax);
  write_optional(writer, "scope", answer.scope, kNameBytesMax);
  if (answer.retry_after_ms >= 0) {
    writer.raw(R"(,"retry_after_ms":)").number(answer.retry_after_ms);
  }
  write_optional(writer, "request_id", answer.request_id, kNameBytesMax);
  writer.raw(R"(,"error":)");
  write_error(writer, answer, dialect);
  writer.raw("}");
  return whole(writer);
}

std::size_t write_error_event(const ErrorAnswer& answer, Dialect dialect, const ErrorPlace& place,
                              std::span<char> out) {
  HEADRACE_CHECK(out.size() >= kErrorBytesMax);
  JsonWriter writer(out);
  if (place.form == StreamForm::json_array) {
    writer.raw(place.has_elements ? ",\r\n" : "[").raw("{\"error\":");
    write_error(writer, answer, dialect);
    writer.raw("}\n]\n");
    return whole(writer);
  }
  if (dialect == Dialect::anthropic) {
    writer.raw("event: error\ndata: {\"type\":\"error\",\"error\":");
    write_error(writer, answer, dialect);
    write_optional(writer, "request_id", answer.request_id, kNameBytesMax);
  } else if (place.endpoint == Endpoint::responses) {
    // The typed event as the API has it, and the `error` object on which the SDKs raise.
    writer.raw("event: error\ndata: {\"type\":\"error\",\"sequence_number\":");
    writer.number(place.sequence_number).raw(R"(,"code":)").string(row(answer.reason).openai_code);
    writer.raw(R"(,"message":)").string(answer.detail, kDetailBytesMax);
    writer.raw(R"(,"param":null,"error":)");
    write_error(writer, answer, dialect);
  } else {
    writer.raw("data: {\"error\":");
    write_error(writer, answer, dialect);
  }
  writer.raw("}\n\n");
  return whole(writer);
}

std::string_view error_content_type(Dialect dialect) {
  return dialect == Dialect::gemini ? "application/json" : "application/problem+json";
}

}  // namespace headrace::policy
