#include "tools/mock/provider_error.h"

#include <array>

#include "core/check.h"
#include "tools/mock/put.h"

namespace headrace::tools::mock {
namespace {

struct Row {
  ErrorKind kind;
  std::string_view name;
  int openai_status;
  std::string_view openai_type;
  std::string_view openai_code;  // empty: null
  int anthropic_status;
  std::string_view anthropic_type;
  int gemini_status;
  std::string_view gemini_name;
  std::string_view message;
};

// In the order of the enum.
constexpr std::array<Row, kErrorKindCount> kRows{{
    {ErrorKind::invalid_request, "invalid_request", 400, "invalid_request_error", "", 400,
     "invalid_request_error", 400, "INVALID_ARGUMENT", "The request is not valid."},
    {ErrorKind::authentication, "authentication", 401, "invalid_request_error", "invalid_api_key",
     401, "authentication_error", 400, "INVALID_ARGUMENT",
     "API key not valid. Please pass a valid API key."},
    {ErrorKind::billing, "billing", 402, "billing_error", "billing_not_active", 402,
     "billing_error", 402, "FAILED_PRECONDITION", "The account is not active for billing."},
    {ErrorKind::permission, "permission", 403, "invalid_request_error", "model_not_allowed", 403,
     "permission_error", 403, "PERMISSION_DENIED", "The key may not do this."},
    {ErrorKind::not_found, "not_found", 404, "invalid_request_error", "model_not_found", 404,
     "not_found_error", 404, "NOT_FOUND", "There is no such model or path."},
    {ErrorKind::conflict, "conflict", 409, "conflict_error", "", 409, "invalid_request_error", 409,
     "ABORTED", "The request conflicts with another one."},
    {ErrorKind::too_large, "too_large", 413, "invalid_request_error", "request_too_large", 413,
     "request_too_large", 413, "INVALID_ARGUMENT", "The request is too large."},
    {ErrorKind::unprocessable, "unprocessable", 422, "invalid_request_error", "", 422,
     "invalid_request_error", 422, "INVALID_ARGUMENT", "The request cannot be processed."},
    {ErrorKind::rate_limit, "rate_limit", 429, "requests", "rate_limit_exceeded", 429,
     "rate_limit_error", 429, "RESOURCE_EXHAUSTED", "Rate limit reached. Try again later."},
    {ErrorKind::insufficient_quota, "insufficient_quota", 429, "insufficient_quota",
     "insufficient_quota", 400, "invalid_request_error", 429, "RESOURCE_EXHAUSTED",
     "You exceeded your current quota: check your plan and billing details."},
    {ErrorKind::server_error, "server_error", 500, "server_error", "", 500, "api_error", 500,
     "INTERNAL", "The server had an error while processing the request."},
    {ErrorKind::bad_gateway, "bad_gateway", 502, "server_error", "", 502, "api_error", 502,
     "INTERNAL", "Bad gateway."},
    {ErrorKind::unavailable, "unavailable", 503, "server_error", "", 503, "api_error", 503,
     "UNAVAILABLE", "The model is overloaded. Please try again later."},
    {ErrorKind::timeout, "timeout", 504, "server_error", "timeout", 504, "timeout_error", 504,
     "DEADLINE_EXCEEDED", "The request took too long."},
    {ErrorKind::overloaded, "overloaded", 503, "server_error", "server_overloaded", 529,
     "overloaded_error", 503, "UNAVAILABLE", "Overloaded"},
}};

const Row& row_of(ErrorKind kind) {
  const Row& row = kRows[static_cast<std::size_t>(kind)];
  HEADRACE_CHECK(row.kind == kind, "the table stands in the enum's order");
  return row;
}

void put_nullable(std::string& out, std::string_view text) {
  if (text.empty()) {
    put(out, "null");
  } else {
    put(out, '"', text, '"');
  }
}

void put_openai(std::string& out, const Row& row, std::string_view message) {
  put(out, R"({"error":{"message":")", Escaped{message}, R"(","type":")", row.openai_type,
      R"(","param":null,"code":)");
  put_nullable(out, row.openai_code);
  put(out, "}}");
}

void put_anthropic(std::string& out, const Row& row, std::string_view message,
                   std::string_view request_id) {
  put(out, R"({"type":"error","error":{"type":")", row.anthropic_type, R"(","message":")",
      Escaped{message}, R"("},"request_id":)");
  if (request_id.empty()) {
    put(out, "null}");
  } else {
    put(out, '"', Escaped{request_id}, "\"}");
  }
}

void put_gemini(std::string& out, const Row& row, int status, std::string_view message,
                std::uint64_t retry_after_ms) {
  put(out, R"({"error":{"code":)", status, R"(,"message":")", Escaped{message}, R"(","status":")",
      row.gemini_name, R"(","details":[)");
  if (row.kind == ErrorKind::authentication) {
    put(out, R"({"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID",)",
        R"("domain":"googleapis.com","metadata":{"service":"generativelanguage.googleapis.com"}})");
  } else if (row.kind == ErrorKind::rate_limit || row.kind == ErrorKind::insufficient_quota) {
    put(out, R"({"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{)",
        R"("quotaId":"GenerateRequestsPerMinutePerProjectPerModel"}]})");
    if (retry_after_ms > 0) {
      put(out, R"(,{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":")",
          retry_after_ms / 1000);
      if (const auto millis = retry_after_ms % 1000; millis != 0) {
        put(out, '.', millis / 100, millis / 10 % 10, millis % 10);
      }
      put(out, "s\"}");
    }
  }
  put(out, "]}}");
}

std::string_view message_of(const Row& row, const ErrorText& error) {
  return error.message.empty() ? row.message : error.message;
}

}  // namespace

std::string_view error_name(ErrorKind kind) {
  return row_of(kind).name;
}

std::optional<ErrorKind> find_error(std::string_view name) {
  for (const Row& row : kRows) {
    if (row.name == name) return row.kind;
  }
  return std::nullopt;
}

ErrorKind error_of_status(int status) {
  if (status == 529) return ErrorKind::overloaded;
  for (const Row& row : kRows) {
    if (row.openai_status == status) return row.kind;
  }
  return status >= 500 ? ErrorKind::server_error : ErrorKind::invalid_request;
}

int status_of(ErrorKind kind, Dialect dialect) {
  const Row& row = row_of(kind);
  switch (dialect) {
    case Dialect::anthropic:
      return row.anthropic_status;
    case Dialect::gemini:
      return row.gemini_status;
    default:
      return row.openai_status;
  }
}

void put_error_body(std::string& out, Dialect dialect, const ErrorText& error) {
  const Row& row = row_of(error.kind);
  const auto message = message_of(row, error);
  switch (dialect) {
    case Dialect::openai:
      return put_openai(out, row, message);
    case Dialect::anthropic:
      return put_anthropic(out, row, message, error.request_id);
    case Dialect::gemini:
      return put_gemini(out, row, error.status, message, error.retry_after_ms);
  }
}

void put_stream_error(std::string& out, Endpoint endpoint, const ErrorText& error,
                      std::uint64_t sequence_number) {
  const Row& row = row_of(error.kind);
  const auto message = message_of(row, error);
  switch (dialect_of(endpoint)) {
    case Dialect::openai:
      if (endpoint == Endpoint::openai_responses) {
        put(out, "event: error\ndata: ", R"({"type":"error","sequence_number":)", sequence_number,
            R"(,"code":")", row.openai_code.empty() ? row.openai_type : row.openai_code,
            R"(","message":")", Escaped{message}, R"(","param":null})");
      } else {
        put(out, "data: ");
        put_openai(out, row, message);
      }
      break;
    case Dialect::anthropic:
      put(out, "event: error\ndata: ");
      put_anthropic(out, row, message, error.request_id);
      break;
    case Dialect::gemini:
      put(out, "data: ");
      put_gemini(out, row, error.status, message, error.retry_after_ms);
      break;
  }
  put(out, "\n\n");
}

}  // namespace headrace::tools::mock
