// Everything that the gateway says to a client, by name. The words stand in the catalogues
// (po/<language>.po, where the name is the entry's context), the arguments of each beside them.
//
// A new message: a name here, its row in message_id.cpp, an entry in every catalogue. What is
// missing anywhere fails the build's tests (messages_test.cpp).
//
// Threads: constant data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace headrace::policy {

enum class MessageId : std::uint16_t {
  // What went wrong, in a few words: the title of each reason (policy/dialect/reason.h)
  title_invalid_request,
  title_invalid_body,
  title_model_missing,
  title_unsupported,
  title_unauthenticated,
  title_budget_exhausted,
  title_permission_denied,
  title_path_not_found,
  title_model_not_found,
  title_method_not_allowed,
  title_request_timeout,
  title_body_too_large,
  title_unsupported_media,
  title_rate_limited,
  title_head_too_large,
  title_internal,
  title_overloaded,
  title_draining,
  title_not_cached,
  title_upstream_failed,
  title_upstream_unavailable,
  title_upstream_timeout,
  // Authentication
  key_missing,
  key_malformed,
  key_conflicting,
  key_unknown,
  key_expired,
  key_revoked,
  credential_not_taken,
  token_malformed,
  token_algorithm,
  token_signer_unknown,
  token_signature,
  token_issuer,
  token_audience,
  token_expired,
  token_not_yet_valid,
  token_revoked,
  token_subject_unknown,
  certificate_unknown,
  provider_key_missing,
  address_denied,
  too_many_connections,
  // Roles and accounts
  model_denied,
  endpoint_denied,
  scope_denied,
  role_denied,
  route_denied,
  tenant_denied,
  tenant_suspended,
  user_disabled,
  plan_excludes_model,
  trial_excludes_model,
  origin_denied,
  // Billing and budgets
  budget_used_up,
  budget_too_small,
  budget_unknown,
  credit_used_up,
  cost_unbounded,
  price_missing,
  // Limits. {1} is one of the windows at the end of this group
  limit_requests,
  limit_tokens,
  limit_input_tokens,
  limit_output_tokens,
  limit_money,
  limit_concurrent,
  request_above_limit,
  retry_after,
  window_second,
  window_minute,
  window_hour,
  window_day,
  window_month,
  window_total,
  // Requests that are not valid
  endpoint_unknown,
  method_not_taken,
  model_missing,
  model_unknown,
  stored_objects,
  stored_named,
  stored_too_deep,
  stored_unseen,
  form_unreadable,
  head_slow,
  head_grows_too_large,
  body_slow,
  body_too_large,
  body_framing,
  body_encoded,
  body_not_adaptable,
  body_empty,
  body_incomplete,
  body_not_json,
  body_trailing,
  body_not_utf8,
  body_too_deep,
  body_not_an_object,
  body_key_ambiguous,
  field_twice,
  field_not_a_string,
  field_not_a_flag,
  field_not_a_number,
  field_number_range,
  field_not_an_object,
  field_too_long,
  field_control_character,
  batch_of_two_models,
  // The gateway's own troubles
  too_many_requests_held,
  too_many_bytes_held,
  answer_not_kept,
  no_memory_for_answers,
  listener_gone,
  no_connection_left,
  records_full,
  // Failures of providers
  provider_busy,
  provider_slow,
  provider_unreadable,
  provider_refuses_key,
  provider_unreachable,
  provider_broke_off,
  provider_event_too_large,
  providers_all_out,
  attempts_used_up,
  // What went well, for an explained answer
  served_by,
  served_after,
  served_from_cache,
  count,
};
inline constexpr std::size_t kMessageCount = static_cast<std::size_t>(MessageId::count);

// Has a form for one and a form for many, by its argument {0}.
enum class Counted : bool { no, yes };

struct MessageRow {
  MessageId id;
  std::string_view name;
  Counted counted = Counted::no;
};

[[nodiscard]] const MessageRow& row(MessageId id);
[[nodiscard]] inline std::string_view name(MessageId id) {
  return row(id).name;
}

}  // namespace headrace::policy
