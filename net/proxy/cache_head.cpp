#include "net/proxy/cache_head.h"

#include <cstring>

#include "core/check.h"
#include "net/http/forwarding.h"
#include "net/http/query.h"
#include "net/http/text.h"
#include "policy/cache/request_fingerprint.h"

namespace headrace::net {

using http::Field;
using http::FieldId;

namespace {

constexpr std::string_view kOwnField = "x-headrace-cache";
// Written by us, or said about the connection.
constexpr http::FieldSet kNotCounted =
    http::kRequestFieldsWithheld | http::FieldSet{FieldId::accept_encoding, FieldId::cache_control,
                                                  FieldId::user_agent, FieldId::tracestate,
                                                  FieldId::date};

bool counts(const Field& field) {
  return http::forwards(field, kNotCounted) &&
         !(field.id == FieldId::other && policy::is_unheeded_header(field.name));
}

}  // namespace

void CacheHead::add(std::string_view text) {
  if (text.size() > text_.size() - bytes_) {
    fits_ = false;
    return;
  }
  std::memcpy(text_.data() + bytes_, text.data(), text.size());
  bytes_ += text.size();
}

bool CacheHead::write(const http::RequestHead& head) {
  add(head.path());
  if (head.target.has_query) {
    http::QueryParameters parameters(head.query());
    while (const auto parameter = parameters.next()) {
      if (http::names_parameter(parameter->name, "key")) continue;
      add("?");
      add(parameter->text);
    }
  }
  add("\n");
  for (const Field& field : head.fields) {
    if (!counts(field)) continue;
    add(field.name);
    add(": ");
    add(field.value);
    add("\n");
  }
  return fits_;
}

policy::CacheWish cache_wish(const http::RequestHead& head) {
  policy::CacheWish wish;
  for (const Field& field : head.fields) {
    if (field.id == FieldId::cache_control) {
      wish.read_cache_control(field.value);
    } else if (field.id == FieldId::other && http::equals_ignoring_case(field.name, kOwnField)) {
      wish.read_own_field(field.value);
    }
  }
  return wish;
}

std::string_view write_cache_scope(std::string_view tenant,
                                   std::span<const std::byte> route_identity,
                                   std::span<char, core::kCacheScopeBytesMax> room) {
  HEADRACE_CHECK(tenant.size() + route_identity.size() <= room.size(),
                 "names of tenants are bounded");
  // The identity has a length of its own, so nothing can be shifted between the two.
  std::memcpy(room.data(), route_identity.data(), route_identity.size());
  std::memcpy(room.data() + route_identity.size(), tenant.data(), tenant.size());
  return {room.data(), route_identity.size() + tenant.size()};
}

}  // namespace headrace::net
