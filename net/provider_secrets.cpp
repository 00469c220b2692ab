#include "net/provider_secrets.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <openssl/base64.h>
#include <openssl/mem.h>

#include "net/http/text.h"
#include "policy/config/key_digest.h"
#include "policy/config/secret_text.h"

namespace headrace::net {

namespace config = policy::config;
using config::append_secret;

namespace {

// Both stand in the config as they are to stand in a URL, escapes and all.
void add_query(std::string& query, std::string_view name, std::string_view value) {
  append_secret(query, {query.empty() ? "" : "&", name, "=", value});
}

}  // namespace

ProviderSecrets::~ProviderSecrets() {
  for (auto* list : {&providers_, &keys_}) {
    for (Texts& each : *list) {
      for (std::string* text : {&each.lines, &each.query, &each.egress, &each.context})
        OPENSSL_cleanse(text->data(), text->size());
    }
  }
}

void ProviderSecrets::add(ProviderLink& link) {
  const config::Provider& row = *link.row;
  providers_.push_back(texts_of(row));
  const std::string name(link.name);
  for (const config::ProviderKey& key : view_->keys(row)) {
    const std::string_view key_name = view_->text(key.name);
    add_key(link, key_name, unsealed(key.credential, config::provider_key_context(name, key_name)));
    link.keys.back().weight = key.weight;
    link.keys.back().drain = key.drain == config::Switch::on;
  }
  if (!link.keys.empty()) return;
  const bool shown = row.auth != config::AuthStyle::none;
  add_key(link, {},
          shown ? unsealed(row.credential, config::credential_context(name)) : std::string());
}

std::string ProviderSecrets::unsealed(config::TextRef sealed, const std::string& context) {
  const auto bytes = view_->sealed(sealed);
  if (bytes.size() < config::kSealOverheadBytes) return {};
  std::string plain(bytes.size() - config::kSealOverheadBytes, '\0');
  const auto size = config::unseal(*master_key_, context, bytes, std::span(plain));
  if (!size) {
    errors_->push_back(fmt::format("a secret cannot be unsealed: {}", size.error()));
    return {};
  }
  plain.resize(*size);
  return plain;
}

// How one credential is shown.
ProviderSecrets::Texts ProviderSecrets::shown(const config::Provider& row,
                                              std::string_view credential) {
  Texts secrets;
  const std::string_view field = view_->text(row.auth_name);
  switch (row.auth) {
    case config::AuthStyle::bearer:
      append_secret(secrets.lines, {field, ": Bearer ", credential, "\r\n"});
      break;
    case config::AuthStyle::header:
      append_secret(secrets.lines, {field, ": ", credential, "\r\n"});
      break;
    case config::AuthStyle::query:
      add_query(secrets.query, field, credential);
      break;
    case config::AuthStyle::none:
      break;
  }
  return secrets;
}

void ProviderSecrets::add_key(ProviderLink& link, std::string_view name, std::string credential) {
  KeyLink& key = link.keys.emplace_back();
  key.name = name;
  std::string owner;
  append_secret(owner, {"provider key\n", link.name, "\n", name, "\n", credential});
  const config::Sha256 digest = config::key_digest(owner);
  std::memcpy(&key.identity, digest.bytes.data(), sizeof key.identity);
  keys_.push_back(shown(*link.row, credential));
  OPENSSL_cleanse(owner.data(), owner.size());
  OPENSSL_cleanse(credential.data(), credential.size());
}

ProviderSecrets::Texts ProviderSecrets::texts_of(const config::Provider& row) {
  Texts secrets;
  const std::string name(view_->text(row.name));
  for (const config::FieldEdit& edit : view_->edits(row)) {
    const std::string_view field = view_->text(edit.name);
    std::string value = edit.sealed == config::Switch::on
                            ? unsealed(edit.value, config::edit_context(name, edit.kind, field))
                            : std::string(view_->text(edit.value));
    if (edit.kind == config::EditKind::header_add) {
      append_secret(secrets.lines, {field, ": ", value, "\r\n"});
    } else {
      add_query(secrets.query, field, value);
    }
    OPENSSL_cleanse(value.data(), value.size());
  }
  if (!row.egress_proxy.empty()) secrets.egress = egress_request(row);
  if (!row.context_secret.empty()) {
    secrets.context = unsealed(row.context_secret, config::context_secret_context(name));
  }
  return secrets;
}

// RFC 9110 section 9.3.6: the target is host and port, always both.
std::string ProviderSecrets::egress_request(const config::Provider& row) {
  const std::string_view host = view_->text(row.host);
  const bool v6 = host.contains(':');
  const std::string target =
      v6 ? fmt::format("[{}]:{}", host, row.port) : fmt::format("{}:{}", host, row.port);
  std::string text = fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n", target);
  if (!row.egress_proxy_credential.empty()) {
    std::string plain =
        unsealed(row.egress_proxy_credential, config::egress_context(view_->text(row.name)));
    std::string encoded(4 * (plain.size() / 3 + 1) + 1, '\0');
    const std::size_t bytes =
        EVP_EncodeBlock(reinterpret_cast<std::uint8_t*>(encoded.data()),
                        reinterpret_cast<const std::uint8_t*>(plain.data()), plain.size());
    encoded.resize(bytes);
    append_secret(text, {"Proxy-Authorization: Basic ", encoded, "\r\n"});
    OPENSSL_cleanse(plain.data(), plain.size());
    OPENSSL_cleanse(encoded.data(), encoded.size());
  }
  append_secret(text, {"\r\n"});
  return text;
}

LockedMemory ProviderSecrets::place(std::span<ProviderLink> links) {
  std::size_t bytes = 0;
  for (const auto* list : {&providers_, &keys_}) {
    for (const Texts& each : *list)
      bytes += each.lines.size() + each.query.size() + each.egress.size() + each.context.size();
  }
  LockedMemory memory(bytes);
  char* at = memory.bytes().data();
  const auto place_text = [&at](std::string& text) {
    if (text.empty()) return std::string_view();
    const std::string_view placed(at, text.size());
    at = std::ranges::copy(text, at).out;
    return placed;
  };
  for (std::size_t i = 0; i < providers_.size(); ++i) {
    links[i].private_lines = place_text(providers_[i].lines);
    links[i].private_query = place_text(providers_[i].query);
    links[i].egress_request = place_text(providers_[i].egress);
    links[i].context_secret = place_text(providers_[i].context);
  }
  auto secrets = keys_.begin();
  for (ProviderLink& provider : links) {
    for (KeyLink& key : provider.keys) {
      key.private_line = place_text(secrets->lines);
      key.private_query = place_text(secrets->query);
      ++secrets;
    }
  }
  return memory;
}

}  // namespace headrace::net
