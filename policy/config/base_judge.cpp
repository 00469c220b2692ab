#include "policy/config/base_judge.h"

#include <algorithm>
#include <bit>

#include "policy/config/config_model.h"
#include "policy/config/config_rules.h"
#include "policy/config/option_table.h"
#include "policy/config/path_pattern.h"
#include "policy/config/seal.h"
#include "policy/config/slot_table.h"
#include "policy/messages/catalogue_file.h"

namespace headrace::policy::config {

std::expected<ConfigView, std::string> ConfigView::open(std::span<const std::byte> base) {
  auto blob = core::BlobView::open(base);
  if (!blob) return std::unexpected(std::move(blob.error()));
  return BaseJudge::open(*blob);
}

std::expected<ConfigView, std::string> BaseJudge::open(const core::BlobView& blob) {
  BaseJudge judge;
  ConfigView& view = judge.view_;
  view.blob_ = blob;
  judge.take(TableKind::strings, view.strings_);
  judge.take_settings();
  judge.take(TableKind::listeners, view.listeners_);
  judge.take(TableKind::certificates, view.certificates_);
  judge.take(TableKind::string_list, view.string_list_);
  judge.take(TableKind::providers, view.providers_);
  judge.take(TableKind::field_edits, view.field_edits_);
  judge.take(TableKind::routes, view.routes_);
  judge.take(TableKind::targets, view.targets_);
  judge.take(TableKind::model_names, view.model_names_);
  judge.take(TableKind::model_slots, view.model_slots_);
  judge.take(TableKind::model_patterns, view.model_patterns_);
  judge.take(TableKind::passthrough, view.passthrough_);
  judge.take(TableKind::provider_keys, view.provider_keys_);
  judge.take(TableKind::provider_resilience, view.provider_resilience_);
  judge.take(TableKind::route_resilience, view.route_resilience_);
  judge.take(TableKind::route_queues, view.route_queues_);
  judge.take_scopes();
  judge.take(TableKind::provider_addresses, view.provider_addresses_);
  judge.take(TableKind::certificate_names, view.certificate_names_);
  judge.take_identity();
  judge.take(TableKind::catalogues, view.catalogues_);
  judge.take(TableKind::message_texts, view.message_texts_);
  judge.take_quota();
  judge.take_cache();
  if (judge.why_.empty()) {
    judge.judge_settings();
    judge.judge_catalogues();
    judge.judge_listeners();
    judge.judge_quota();
    judge.judge_scopes();
    judge.judge_resilience();
    judge.judge_queues();
    if (judge.why_.empty()) judge.judge_providers();
    judge.judge_edge();
    // Routes and keys lead to providers and tenants: only when those are good.
    if (judge.why_.empty()) judge.judge_routes();
    if (judge.why_.empty()) judge.judge_networks();
    if (judge.why_.empty()) judge.judge_access();
    judge.judge_cache();
    if (judge.why_.empty()) judge.judge_issuers();
    if (judge.why_.empty()) judge.judge_keys();
    if (judge.why_.empty()) judge.judge_passthrough();
  }
  if (!judge.why_.empty()) return std::unexpected(std::move(judge.why_));
  return view;
}

void BaseJudge::take_settings() {
  std::span<const Settings> rows;
  take(TableKind::settings, rows);
  if (rows.size() != 1) return refuse("it has no settings");
  view_.settings_ = rows.data();
}

void BaseJudge::refuse(const char* why) {
  if (why_.empty()) why_ = std::string("the config base is not usable: ") + why;
}

void BaseJudge::text(TextRef ref) {
  if (ref.offset > view_.strings_.size() || ref.bytes > view_.strings_.size() - ref.offset) {
    return refuse("a text lies outside");
  }
  const bool plain = std::ranges::all_of(view_.text(ref), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte != 0x7f;
  });
  if (!plain) refuse("a text has a control character");
}

void BaseJudge::sealed(TextRef ref) {
  if (ref.offset > view_.strings_.size() || ref.bytes > view_.strings_.size() - ref.offset ||
      ref.bytes < kSealOverheadBytes) {
    refuse("a sealed text lies outside");
  }
}

void BaseJudge::range(RowRange range, std::size_t rows) {
  if (range.first > rows || range.count > rows - range.first) refuse("a range lies outside");
}

void BaseJudge::index(std::uint32_t index, std::size_t rows) {
  if (index >= rows) refuse("an index lies outside");
}

void BaseJudge::reference(RowRef ref, std::size_t rows) {
  if (!ref.none()) index(ref.row(), rows);
}

void BaseJudge::bounds(std::string_view section, const void* record) {
  if (first_out_of_bounds(section_of(section), record) != nullptr) {
    refuse("a number is out of its bounds");
  }
}

void BaseJudge::slots(std::span<const HashSlot> slots, std::size_t rows) {
  if (!std::has_single_bit(slots.size()) || slots.size() < slots_for(rows)) {
    return refuse("a slot table has an impossible size");
  }
  std::size_t used = 0;
  for (const HashSlot& slot : slots) {
    if (slot.row_plus_one == 0) continue;
    ++used;
    if (slot.row_plus_one > rows) return refuse("a slot leads outside");
  }
  if (used > rows) refuse("a slot table is too full");
}

void BaseJudge::judge_settings() {
  const Settings& settings = *view_.settings_;
  const auto section = [this]<class Model>(std::string_view name, Model model, const auto& row) {
    model.row = row;
    bounds(name, &model);
  };
  section("http", HttpModel(), settings.http);
  section("shards", ShardModel(), settings.shards);
  section("io", IoModel(), settings.io);
  section("access_log", AccessLogModel(), settings.access_log);
  text(settings.access_log.path);
  section("journal", JournalModel(), settings.journal);
  text(settings.journal.directory);
  text(settings.journal.node);
  section("billing", BillingModel(), settings.billing);
  section("admin", AdminModel(), settings.admin);
  text(settings.admin.address);
  section("answers", AnswersModel(), settings.answers);
  flag(settings.answers.debug);
  section("audit", AuditModel(), settings.audit);
  text(settings.audit.path);
  flag(settings.development.ignore_ip_lists);
}

void BaseJudge::judge_listeners() {
  ListenerModel model;
  for (const Listener& listener : view_.listeners_) {
    model.row = listener;
    bounds("listeners", &model);
    text(listener.address);
    text(listener.ticket_key_file);
    range(listener.certificates, view_.certificates_.size());
    range(listener.alpn, view_.string_list_.size());
    range(listener.trusted_proxies, view_.string_list_.size());
    range(listener.cors_origins, view_.string_list_.size());
    range(listener.cors_headers, view_.string_list_.size());
    text(listener.client_ca_file);
  }
  for (const Certificate& certificate : view_.certificates_) {
    text(certificate.certificate_file);
    text(certificate.key_file);
  }
  for (const TextRef& ref : view_.string_list_)
    text(ref);
}

void BaseJudge::judge_providers() {
  ProviderModel model;
  for (const Provider& provider : view_.providers_) {
    model.row = provider;
    model.key_bench_ms = view_.resilience(provider).key_bench_ms;
    bounds("providers", &model);
    value(provider.scheme, Scheme::https);
    value(provider.auth, AuthStyle::query);
    for (const TextRef& ref :
         {provider.name, provider.host, provider.host_field, provider.path_prefix,
          provider.unix_socket, provider.auth_name, provider.ca_file,
          provider.client_certificate_file, provider.client_key_file, provider.server_name,
          provider.egress_proxy}) {
      text(ref);
    }
    if (provider.auth == AuthStyle::none || !view_.keys(provider).empty()) {
      text(provider.credential);
    } else {
      sealed(provider.credential);
    }
    if (!provider.egress_proxy_credential.empty()) sealed(provider.egress_proxy_credential);
    range(provider.addresses, view_.provider_addresses_.size());
    if (!provider.context_secret.empty()) sealed(provider.context_secret);
    range(provider.edits, view_.field_edits_.size());
    range(provider.headers_remove, view_.string_list_.size());
    range(provider.query_remove, view_.string_list_.size());
    limits(provider.limits);
    if (provider.exclusive == Switch::on) index(provider.tenant, view_.scopes_.tenants().size());
  }
  for (const FieldEdit& edit : view_.field_edits_) {
    text(edit.name);
    value(edit.kind, EditKind::query_add);
    flag(edit.sealed);
    if (edit.sealed == Switch::on) {
      sealed(edit.value);
    } else {
      text(edit.value);
    }
  }
}

void BaseJudge::judge_edge() {
  for (const ProviderAddress& address : view_.provider_addresses_) {
    text(address.address);
    value(address.state, AddressState::maintenance);
  }
  std::string_view previous;
  for (const CertificateName& certificate : view_.certificate_names_) {
    text(certificate.name);
    index(certificate.key, view_.keys().size());
    if (!why_.empty()) return;
    const std::string_view name = view_.text(certificate.name);
    if (&certificate != view_.certificate_names_.data() && name <= previous) {
      return refuse("the names of certificates are not in order");
    }
    previous = name;
  }
}

void BaseJudge::judge_routes() {
  RouteModel model;
  for (const Target& target : view_.targets_) {
    text(target.model);
    index(target.provider, view_.providers_.size());
  }
  if (!why_.empty()) return;
  for (const Route& route : view_.routes_) {
    text(route.name);
    model.row = route;
    bounds("routes", &model);
    value(route.dialect, kLastDialect);
    range(route.models, view_.model_names_.size());
    range(route.targets, view_.targets_.size());
    if (!why_.empty()) return;
    if (route.targets.count == 0) return refuse("a route leads nowhere");
    flag(route.sandbox);
    if (route.sandbox == Switch::on) {
      view_.sandbox_routes_[static_cast<std::size_t>(route.dialect)] =
          RowRef::to(view_.index_of(route));
    }
    for (const Target& target : view_.targets(route)) {
      if (view_.provider(target).dialect != route.dialect) {
        return refuse("a route leads to another dialect");
      }
    }
  }
  for (const ModelName& name : view_.model_names_) {
    text(name.text);
    // Of a pattern, its star too.
    if (name.match == ModelMatch::prefix) text({name.text.offset, name.text.bytes + 1});
    index(name.route, view_.routes_.size());
    value(name.match, ModelMatch::prefix);
    value(name.dialect, kLastDialect);
  }
  slots(view_.model_slots_, view_.model_names_.size());
  if (view_.model_patterns_.size() > kModelPatternsMax) refuse("it has too many patterns");
  for (const ModelPattern& pattern : view_.model_patterns_) {
    text(pattern.prefix);
    index(pattern.route, view_.routes_.size());
    value(pattern.dialect, kLastDialect);
  }
}

void BaseJudge::judge_passthrough() {
  for (const PassthroughRule& rule : view_.passthrough_) {
    text(rule.path);
    index(rule.provider, view_.providers_.size());
    if (!why_.empty()) return;
    if (judge_path_pattern(view_.text(rule.path))) refuse("a path pattern is not one");
  }
}

void BaseJudge::judge_catalogues() {
  const std::span<const Catalogue> catalogues = view_.catalogues_;
  if (catalogues.size() < kTenantLanguages.size() || catalogues.size() > kCataloguesMax) {
    return refuse("it has messages in too few languages, or in too many");
  }
  for (const MessageText& forms : view_.message_texts_) {
    text(forms.one);
    text(forms.many);
  }
  for (const Catalogue& catalogue : catalogues) {
    text(catalogue.language);
    range(catalogue.texts, view_.message_texts_.size());
    value(catalogue.plural, PluralRule::zero_too_is_singular);
    if (catalogue.texts.count != kMessageCount) refuse("a catalogue has not every message");
    if (!why_.empty()) return;
    for (std::size_t i = 0; i < kMessageCount; ++i) {
      judge_message(static_cast<MessageId>(i), view_.message_texts_[catalogue.texts.first + i],
                    view_.message_texts_[catalogues.front().texts.first + i]);
    }
  }
  for (std::size_t i = 0; i < kTenantLanguages.size(); ++i) {
    if (view_.text(catalogues[i].language) != kTenantLanguages[i]) {
      refuse("a catalogue is not where its language is looked for");
    }
  }
}

// What Catalogues::write() relies on.
void BaseJudge::judge_message(MessageId id, const MessageText& forms, const MessageText& english) {
  const bool counted = row(id).counted == Counted::yes;
  if (forms.one.empty() || forms.many.empty() == counted) {
    return refuse("a message has the wrong number of forms");
  }
  const auto wanted = places_of(view_.text(english.one));
  const auto one = places_of(view_.text(forms.one));
  const auto many = places_of(view_.text(counted ? forms.many : forms.one));
  if (!wanted || one != wanted || many != wanted) refuse("the places of a message differ");
}

}  // namespace headrace::policy::config
