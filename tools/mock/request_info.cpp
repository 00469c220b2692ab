#include "tools/mock/request_info.h"

#include <algorithm>
#include <array>

#include "core/hash.h"
#include "net/http/query.h"
#include "net/http/text.h"

namespace headrace::tools::mock {
namespace {

namespace http = net::http;

constexpr std::array<std::string_view, 5> kCredentialNames{"bearer", "x-api-key", "api-key",
                                                           "x-goog-api-key", "query-key"};

void read_credentials(const http::RequestHead& head, RequestInfo& info) {
  info.credentials.clear();
  const auto add = [&info](CredentialKind kind, std::string_view value) {
    info.credentials.push_back({kind, std::string(value)});
  };
  constexpr std::string_view kBearer = "bearer ";
  for (const http::Field& field : head.fields) {
    switch (field.id) {
      case http::FieldId::authorization: {
        const bool bearer =
            http::equals_ignoring_case(field.value.substr(0, kBearer.size()), kBearer);
        add(CredentialKind::bearer, bearer ? field.value.substr(kBearer.size()) : field.value);
        break;
      }
      case http::FieldId::x_api_key:
        add(CredentialKind::x_api_key, field.value);
        break;
      case http::FieldId::api_key:
        add(CredentialKind::api_key, field.value);
        break;
      case http::FieldId::x_goog_api_key:
        add(CredentialKind::x_goog_api_key, field.value);
        break;
      default:
        break;
    }
  }
  if (head.query().empty()) return;
  if (const auto key = http::find_parameter(head.query(), "key")) {
    add(CredentialKind::query_key, *key);
  }
}

// Whether the name begins with x-mock-, whatever its case; leaves the lower-case rest in `rest`.
bool is_behaviour_header(std::string_view name, std::string& rest) {
  if (name.size() <= kBehaviourHeaderPrefix.size()) return false;
  const auto prefix = name.substr(0, kBehaviourHeaderPrefix.size());
  if (!http::equals_ignoring_case(prefix, kBehaviourHeaderPrefix)) return false;
  rest.assign(name.substr(kBehaviourHeaderPrefix.size()));
  std::ranges::transform(rest, rest.begin(), http::to_lower);
  return true;
}

std::expected<void, std::string> read_behaviour(const http::RequestHead& head,
                                                const std::shared_ptr<const Behaviour>& defaults,
                                                RequestInfo& info) {
  info.behaviour = defaults;
  info.own_behaviour = false;
  std::shared_ptr<Behaviour> own;
  std::string name;
  for (const http::Field& field : head.fields) {
    if (field.id != http::FieldId::other || !is_behaviour_header(field.name, name)) continue;
    const Setting* setting = find_setting(name);
    if (setting == nullptr) {
      return std::unexpected("There is no setting \"" + name + "\" (header " +
                             std::string(field.name) + ").");
    }
    if (own == nullptr) own = std::make_shared<Behaviour>(*defaults);
    if (const auto applied = setting->apply(*own, field.value); !applied) {
      return std::unexpected(std::string(field.name) + ": " + applied.error() + ".");
    }
  }
  if (own != nullptr) {
    info.behaviour = std::move(own);
    info.own_behaviour = true;
  }
  return {};
}

}  // namespace

std::string_view credential_name(CredentialKind kind) {
  return kCredentialNames[static_cast<std::size_t>(kind)];
}

std::expected<void, std::string> read_request_info(const http::RequestHead& head,
                                                   const std::shared_ptr<const Behaviour>& defaults,
                                                   RequestInfo& info) {
  info.method.assign(head.method_text);
  info.target.assign(head.target.text);
  info.path.assign(head.path());
  info.request_id.assign(head.fields.value(http::FieldId::x_request_id));
  info.target_hash = core::hash64(info.target);
  info.admin = info.path.starts_with(kAdminPrefix);
  info.head_only = head.method == http::Method::head;
  info.http_1_0 = head.version == http::Version::http_1_0;
  info.keep_alive = head.keep_alive;
  info.expect_continue = head.expect_continue;
  const bool anthropic =
      head.fields.has(http::FieldId::x_api_key) || head.fields.find("anthropic-version") != nullptr;
  info.route = find_route(info.method, info.path, head.query(), anthropic);
  read_credentials(head, info);
  return read_behaviour(head, defaults, info);
}

bool is_authorized(const RequestInfo& info, const std::vector<std::string>& keys) {
  if (keys.empty()) return true;
  const auto fits = [&info](CredentialKind kind) {
    switch (info.route.dialect) {
      case Dialect::openai:
        return kind == CredentialKind::bearer || kind == CredentialKind::api_key;
      case Dialect::anthropic:
        return kind == CredentialKind::bearer || kind == CredentialKind::x_api_key;
      case Dialect::gemini:
        return kind != CredentialKind::x_api_key;
    }
    return false;
  };
  return std::ranges::any_of(info.credentials, [&](const Credential& credential) {
    return fits(credential.kind) && std::ranges::find(keys, credential.value) != keys.end();
  });
}

}  // namespace headrace::tools::mock
