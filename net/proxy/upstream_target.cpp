#include "net/proxy/upstream_target.h"

#include <algorithm>
#include <array>

#include "net/http/forwarded.h"
#include "net/http/forwarding.h"
#include "net/http/query.h"
#include "net/http/text.h"
#include "net/http/trace_parent.h"

namespace headrace::net {

using http::Field;
using http::FieldId;
using http::HeadWriter;

namespace {

constexpr std::size_t kTargetBytesMax = 8 * 1024;

// A target under construction: bounded, never allocated.
class TargetText {
 public:
  void add(std::string_view text) {
    if (text.size() > text_.size() - size_) {
      overflowed_ = true;
      return;
    }
    std::copy(text.begin(), text.end(), text_.begin() + static_cast<std::ptrdiff_t>(size_));
    size_ += text.size();
  }
  [[nodiscard]] std::string_view text() const { return {text_.data(), size_}; }
  [[nodiscard]] bool overflowed() const { return overflowed_; }

 private:
  std::array<char, kTargetBytesMax> text_;
  std::size_t size_ = 0;
  bool overflowed_ = false;
};

// OpenAI's base URLs end in the version ("https://host/v1"), and so do those of all who speak its
// dialect: a configured path stands in the place of the client's /v1.
constexpr std::string_view kOpenAiVersion = "/v1";

bool is_below_version(std::string_view path) {
  return path.starts_with(kOpenAiVersion) &&
         (path.size() == kOpenAiVersion.size() || path[kOpenAiVersion.size()] == '/');
}

void add_path(const UpstreamRequest& request, TargetText& target) {
  const std::string_view prefix = request.provider->path_prefix;
  std::string_view path = request.head->path();
  target.add(prefix);
  if (request.provider->row->dialect == policy::config::Dialect::openai && !prefix.empty() &&
      is_below_version(path)) {
    path.remove_prefix(kOpenAiVersion.size());
  }
  if (request.model_in_path.empty() || request.model.empty()) {
    target.add(path);
    return;
  }
  const auto at = static_cast<std::size_t>(request.model_in_path.data() - path.data());
  target.add(path.substr(0, at));
  target.add(request.model);
  target.add(path.substr(at + request.model_in_path.size()));
}

bool is_shared_account(const UpstreamRequest& request) {
  return request.own_key.empty() && request.provider->row->exclusive == policy::config::Switch::off;
}

bool removed(const UpstreamRequest& request, const http::QueryParameter& parameter) {
  const auto named = [&parameter](std::string_view name) {
    return http::names_parameter(parameter.name, name);
  };
  // The client's own key never goes upstream.
  if (named("key")) return true;
  // What it would like to hear is ours to say.
  if (named(kLanguageParameter)) return true;
  // Google's servers take these for credentials, for another method than the request's, and for
  // fields of its head.
  constexpr std::string_view kOverrides[] = {"$key",        "access_token", "$access_token",
                                             "oauth_token", "$oauth_token", "$httpmethod",
                                             "httpmethod",  "$httpheaders", "httpheaders"};
  if (std::ranges::any_of(kOverrides, named)) return true;
  if (is_shared_account(request) && (named("userproject") || named("$userproject"))) return true;
  return std::ranges::any_of(request.provider->query_remove, [&](std::string_view name) {
    return http::names_parameter(parameter.name, name);
  });
}

void add_encoded(std::string_view text, TargetText& query) {
  for (const char c : text) {
    const bool unreserved = http::is(http::CharClass::unreserved, c);
    const auto byte = static_cast<unsigned char>(c);
    const std::array<char, 3> escape = {'%', "0123456789ABCDEF"[byte >> 4U],
                                        "0123456789ABCDEF"[byte & 0xFU]};
    query.add(unreserved ? std::string_view(&c, 1) : std::string_view(escape.data(), 3));
  }
}

void add_query(const UpstreamRequest& request, TargetText& query) {
  if (request.head->target.has_query) {
    http::QueryParameters parameters(request.head->query());
    while (const auto parameter = parameters.next()) {
      if (removed(request, *parameter)) continue;
      if (!query.text().empty()) query.add("&");
      query.add(parameter->text);
    }
  }
  const auto add = [&query](std::string_view text) {
    if (text.empty()) return;
    if (!query.text().empty()) query.add("&");
    query.add(text);
  };
  if (request.own_key.empty()) {
    add(request.key->private_query);
  } else if (request.provider->row->auth == policy::config::AuthStyle::query) {
    add(request.provider->auth_name);
    query.add("=");
    add_encoded(request.own_key, query);
  }
  add(request.provider->private_query);
}

// Which of an account's organisations, projects or customers is used, and billed.
bool chooses_within_account(std::string_view name) {
  constexpr std::string_view kNames[] = {"openai-organization", "openai-project",
                                         "x-goog-user-project", "anthropic-workspace-id",
                                         "anthropic-user-profile-id"};
  return std::ranges::any_of(
      kNames, [&](std::string_view one) { return http::equals_ignoring_case(name, one); });
}

bool is_withheld(const UpstreamRequest& request, std::string_view name) {
  if (http::is_own_field(name) || http::is_websocket_field(name)) return true;
  if (http::overrides_request_line(name)) return true;
  if (http::is_trace_field(name) && !request.peer_trusted) return true;
  // A client chooses within an account of its own only.
  return chooses_within_account(name) && is_shared_account(request);
}

// Servers that hand fields on as variables (CGI, WSGI and their like) take `X_Headrace_Tenant` and
// `X-Headrace-Tenant` for the same. (Those of HTTP itself are refused: net/http/head_fields.cpp.)
bool reads_as_withheld(const UpstreamRequest& request, std::string_view name) {
  if (name.find('_') == std::string_view::npos) return false;
  std::array<char, 64> room;  // no name that is withheld is longer, and no beginning of one
  const std::size_t size = std::min(name.size(), room.size());
  std::replace_copy(name.begin(), name.begin() + static_cast<std::ptrdiff_t>(size), room.begin(),
                    '_', '-');
  return is_withheld(request, {room.data(), size});
}

// The page that a browser comes from, with what stands in its address: `?key=` too.
bool is_referer_with_query(const Field& field) {
  return http::equals_ignoring_case(field.name, "referer") &&
         field.value.find('?') != std::string_view::npos;
}

bool removed(const UpstreamRequest& request, const Field& field) {
  if (field.id == FieldId::other &&
      (is_withheld(request, field.name) || reads_as_withheld(request, field.name) ||
       is_referer_with_query(field))) {
    return true;
  }
  // What it says of a trace goes with the trace.
  if (field.id == FieldId::tracestate && !request.traced) return true;
  return std::ranges::any_of(request.provider->headers_remove, [&](std::string_view name) {
    return http::equals_ignoring_case(field.name, name);
  });
}

void write_own_key(const UpstreamRequest& request, HeadWriter& writer) {
  using policy::config::AuthStyle;
  const std::string_view name = request.provider->auth_name;
  if (request.provider->row->auth == AuthStyle::bearer) {
    writer.field(name, {"Bearer ", request.own_key});
  } else if (request.provider->row->auth == AuthStyle::header) {
    writer.field(name, request.own_key);
  }
}

void write_forwarding(const UpstreamRequest& request, HeadWriter& writer) {
  if (request.peer == nullptr) return;
  const http::FieldTable& fields = request.head->fields;
  std::array<char, PeerAddress::kTextBytesMax> room;
  const std::string_view peer = request.peer->text(room);
  const auto known = [&](FieldId id) {
    return request.peer_trusted ? fields.value(id) : std::string_view();
  };
  if (request.forwarded) {
    const std::string_view chain = known(FieldId::forwarded);
    http::write_forwarded(http::is_forwarded(chain) ? chain : std::string_view(),
                          {.client = request.peer->known() ? peer : std::string_view(),
                           .host = request.head->host,
                           .tls = request.downstream_tls},
                          writer);
  }
  if (!request.x_forwarded) return;
  if (const auto chain = known(FieldId::x_forwarded_for); !chain.empty()) {
    writer.field("X-Forwarded-For", {chain, ", ", peer});
  } else {
    writer.field("X-Forwarded-For", peer);
  }
  const auto proto = known(FieldId::x_forwarded_proto);
  writer.field(
      "X-Forwarded-Proto",
      !proto.empty() ? proto : std::string_view(request.downstream_tls ? "https" : "http"));
  const auto host = known(FieldId::x_forwarded_host);
  writer.field("X-Forwarded-Host", !host.empty() ? host : request.head->host);
}

}  // namespace

void write_upstream_head(const UpstreamRequest& request, HeadWriter& writer) {
  const http::RequestHead& head = *request.head;
  TargetText path;
  TargetText query;
  add_path(request, path);
  add_query(request, query);
  if (path.overflowed() || query.overflowed()) {
    writer.overflow();
    return;
  }
  writer.request_line(head.method_text, path.text(), query.text());
  writer.field("Host", request.provider->host_field);

  http::FieldSet withheld = http::kRequestFieldsWithheld;
  if (request.answer_is_read) withheld.insert(FieldId::accept_encoding);
  for (const Field& field : head.fields) {
    if (http::forwards(field, withheld) && !removed(request, field)) writer.forward(field);
  }
  if (request.answer_is_read) writer.lines("Accept-Encoding: identity\r\n");
  if (request.own_key.empty()) {
    writer.lines(request.key->private_line);
  } else {
    write_own_key(request, writer);
  }
  writer.lines(request.provider->private_lines);
  if (request.traced) {
    std::array<char, http::kTraceParentBytes> trace;
    writer.field("traceparent", http::continue_trace(head.fields.value(FieldId::traceparent),
                                                     request.span, trace));
  }
  writer.field("X-Request-Id", request.request_id);
  write_context_headers(request.context, writer);
  write_forwarding(request, writer);
  if (request.via) {
    const auto via = head.fields.value(FieldId::via);
    via.empty() ? writer.field("Via", "1.1 headrace")
                : writer.field("Via", {via, ", 1.1 headrace"});
  }
  if (request.framing == http::BodyFraming::length) {
    writer.field("Content-Length", request.content_length);
  } else if (request.framing == http::BodyFraming::chunked) {
    writer.lines("Transfer-Encoding: chunked\r\n");
  }
  writer.end();
}

}  // namespace headrace::net
