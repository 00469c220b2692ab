#include "policy/config/scope_view.h"

#include <algorithm>

#include "policy/config/slot_table.h"

namespace headrace::policy::config {

const ApiKey* ScopeView::find_key(const Sha256& digest) const {
  return find_in_slots(key_slots_, keys_, slot_hash(digest), [&](const ApiKey& key) {
    return equal_in_constant_time(key.digest, digest);
  });
}

bool ScopeView::allows(RowRange rules, std::string_view model) const {
  if (rules.count == 0) return true;
  return std::ranges::any_of(models(rules), [&](const ModelRule& rule) {
    return rule.match == ModelMatch::exact ? model == text(rule.text)
                                           : model.starts_with(text(rule.text));
  });
}

}  // namespace headrace::policy::config
