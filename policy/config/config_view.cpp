#include "policy/config/config_view.h"

#include <algorithm>

#include "policy/config/path_pattern.h"
#include "policy/config/permission_text.h"
#include "policy/config/slot_table.h"

namespace headrace::policy::config {
namespace {

template <class Row>
std::span<const Row> rows_of(std::span<const Row> table, RowRange range) {
  return table.subspan(range.first, range.count);
}

}  // namespace

std::span<const Certificate> ConfigView::certificates(const Listener& listener) const {
  return rows_of(certificates_, listener.certificates);
}
std::span<const TextRef> ConfigView::alpn(const Listener& listener) const {
  return rows_of(string_list_, listener.alpn);
}
std::span<const TextRef> ConfigView::trusted_proxies(const Listener& listener) const {
  return rows_of(string_list_, listener.trusted_proxies);
}
std::span<const FieldEdit> ConfigView::edits(const Provider& provider) const {
  return rows_of(field_edits_, provider.edits);
}
std::span<const TextRef> ConfigView::headers_remove(const Provider& provider) const {
  return rows_of(string_list_, provider.headers_remove);
}
std::span<const TextRef> ConfigView::query_remove(const Provider& provider) const {
  return rows_of(string_list_, provider.query_remove);
}
std::span<const Target> ConfigView::targets(const Route& route) const {
  return rows_of(targets_, route.targets);
}
std::span<const ModelName> ConfigView::models(const Route& route) const {
  return rows_of(model_names_, route.models);
}

std::span<const ProviderKey> ConfigView::keys(const Provider& provider) const {
  return rows_of(provider_keys_, resilience(provider).keys);
}

const Route* ConfigView::find_route(Dialect dialect, std::string_view model) const {
  if (model.size() > kModelBytesMax) return nullptr;
  const ModelName* name = find_in_slots(
      model_slots_, model_names_, slot_hash(dialect, model),
      [&](const ModelName& row) { return row.dialect == dialect && text(row.text) == model; });
  if (name != nullptr) return &routes_[name->route];
  for (const ModelPattern& pattern : model_patterns_) {
    if (pattern.dialect == dialect && model.starts_with(text(pattern.prefix))) {
      return &routes_[pattern.route];
    }
  }
  return nullptr;
}

const Target* ConfigView::find_target(const Caller& caller, const Route& route) const {
  for (const Target& target : targets(route)) {
    if (may_use(caller, provider(target))) return &target;
  }
  return nullptr;
}

const PassthroughRule* ConfigView::find_passthrough(const Caller& caller, std::string_view method,
                                                    std::string_view path) const {
  const std::uint8_t bit = method_bit(method);
  if (bit == 0 || passthrough_.empty() || !is_unambiguous_path(path)) return nullptr;
  const auto found = std::ranges::find_if(passthrough_, [&](const PassthroughRule& rule) {
    return (rule.methods & bit) != 0 && may_use(caller, provider(rule)) &&
           path_matches(text(rule.path), path);
  });
  return found == passthrough_.end() ? nullptr : &*found;
}

const ModelName* ConfigView::next_model(Dialect dialect, const Caller& caller,
                                        std::size_t& cursor) const {
  while (cursor < model_names_.size()) {
    const ModelName& name = model_names_[cursor++];
    if (name.match != ModelMatch::exact || name.dialect != dialect) continue;
    if (!allows(caller, text(name.text))) continue;
    if (find_target(caller, routes_[name.route]) != nullptr) return &name;
  }
  return nullptr;
}

std::string context_secret_context(std::string_view provider_name) {
  return "provider context " + std::string(provider_name);
}

std::string issuer_context(std::string_view issuer_name) {
  return "token issuer " + std::string(issuer_name);
}

std::string credential_context(std::string_view provider_name) {
  return "provider credential " + std::string(provider_name);
}

const ApiKey* ConfigView::find_certificate_key(std::string_view name) const {
  const auto found = std::ranges::lower_bound(
      certificate_names_, name, {}, [this](const CertificateName& row) { return text(row.name); });
  if (found == certificate_names_.end() || text(found->name) != name) return nullptr;
  return &keys()[found->key];
}

std::string egress_context(std::string_view provider_name) {
  return "provider egress " + std::string(provider_name);
}

std::string provider_key_context(std::string_view provider_name, std::string_view key_name) {
  return "provider key " + std::string(provider_name) + " " + std::string(key_name);
}

std::string edit_context(std::string_view provider_name, EditKind kind,
                         std::string_view edit_name) {
  std::string context = kind == EditKind::header_add ? "provider header " : "provider query ";
  context.append(provider_name).append(" ").append(edit_name);
  return context;
}

}  // namespace headrace::policy::config
