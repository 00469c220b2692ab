// Judges a config base once, when it is opened, so that look-ups need not: every reference inside
// its table, every enum a value with a name, every number inside the bounds of the option table, no
// control characters in what goes into heads, paths and logs.
//
// Threads: owned by one ConfigView::open() call. Errors: the first one, in words for an operator.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <utility>

#include "core/base_blob.h"
#include "policy/config/config_view.h"

namespace headrace::policy::config {

class BaseJudge {
 public:
  static std::expected<ConfigView, std::string> open(const core::BlobView& blob);

 private:
  template <class Row>
  void take(TableKind kind, std::span<const Row>& into);
  void take_settings();
  void take_scopes();
  void take_quota();
  void take_access();
  void take_cache();
  void take_identity();
  void refuse(const char* why);

  void judge_settings();
  void judge_listeners();
  void judge_quota();
  void judge_rule(const LimitRule& rule);
  void judge_prices();
  void judge_scopes();
  void judge_access();
  void judge_networks();
  void judge_issuers();
  void judge_rights(const Rights& rights);
  void judge_providers();
  void judge_edge();
  void judge_routes();
  void judge_cache();
  void judge_keys();
  void judge_key_places();
  void judge_passthrough();
  void judge_catalogues();
  void judge_message(MessageId id, const MessageText& forms, const MessageText& english);
  void judge_resilience();
  void judge_queues();

  void text(TextRef ref);
  void sealed(TextRef ref);
  void range(RowRange range, std::size_t rows);
  void index(std::uint32_t index, std::size_t rows);
  void reference(RowRef ref, std::size_t rows);
  void label(KeyLabel label);
  void fetch_label_behind(const ApiKey& key) const;
  void limits(RowRef set) { reference(set, view_.quota_.limit_sets_.size()); }
  void roles(RoleBits bits);
  template <class Enum>
  void value(Enum value, Enum last);
  void flag(Switch value) { this->value(value, Switch::on); }
  void bounds(std::string_view section, const void* record);
  void slots(std::span<const HashSlot> slots, std::size_t rows);

  ConfigView view_;
  std::string why_;
};

template <class Row>
void BaseJudge::take(TableKind kind, std::span<const Row>& into) {
  auto rows = view_.blob_.table<Row>(static_cast<std::uint32_t>(kind), kTableVersion);
  if (rows) {
    into = *rows;
  } else if (why_.empty()) {
    why_ = std::move(rows.error());
  }
}

template <class Enum>
void BaseJudge::value(Enum value, Enum last) {
  if (value > last) refuse("a value has no name");
}

}  // namespace headrace::policy::config
