// The part of BaseJudge that looks at networks and at issuers of tokens.
#include <algorithm>
#include <bit>

#include "core/cidr.h"
#include "policy/config/base_judge.h"
#include "policy/config/config_model.h"
#include "policy/config/seal.h"

namespace headrace::policy::config {

void BaseJudge::take_identity() {
  IpView& ip = view_.ip_;
  take(TableKind::ip_nodes, ip.nodes_);
  take(TableKind::ip_lists, ip.lists_);
  take(TableKind::ip_list_refs, ip.list_refs_);
  take(TableKind::ip_sets, ip.sets_);
  TokenView& tokens = view_.tokens_;
  tokens.strings_ = view_.strings_;
  tokens.string_list_ = view_.string_list_;
  take(TableKind::token_issuers, tokens.issuers_);
  take(TableKind::denials, tokens.denials_);
}

void BaseJudge::judge_networks() {
  const IpView& ip = view_.ip_;
  for (std::size_t i = 0; i < ip.nodes_.size(); ++i) {
    const IpNode& node = ip.nodes_[i];
    const auto children = static_cast<std::uint32_t>(std::popcount(node.children));
    if (children == 0) continue;
    // Behind their parent, so that every walk ends.
    if (node.first_child <= i) return refuse("a tree of networks goes in a circle");
    range({node.first_child, children}, ip.nodes_.size());
  }
  for (const IpList& list : ip.lists_) {
    text(list.name);
    range(list.networks, view_.string_list_.size());
  }
  for (const std::uint32_t list : ip.list_refs_)
    index(list, ip.lists_.size());
  for (const IpSet& set : ip.sets_) {
    range(set.lists, ip.list_refs_.size());
    index(set.ipv4_root, ip.nodes_.size());
    index(set.ipv6_root, ip.nodes_.size());
  }
  for (const Listener& listener : view_.listeners_)
    reference(listener.ip_set, ip.sets_.size());
}

void BaseJudge::judge_issuers() {
  const TokenView& tokens = view_.tokens_;
  for (const Denial& denial : tokens.denials_)
    text(denial.text);
  TokenIssuerModel model;
  for (const TokenIssuer& issuer : tokens.issuers_) {
    model.row = issuer;
    bounds("token_issuers", &model);
    for (const TextRef& ref : {issuer.name, issuer.issuer, issuer.keys_file, issuer.tenant_claim,
                               issuer.user_claim, issuer.roles_claim}) {
      text(ref);
    }
    if (!issuer.secret.empty()) sealed(issuer.secret);
    range(issuer.audiences, view_.string_list_.size());
    range(issuer.denied_ids, tokens.denials_.size());
    range(issuer.denied_subjects, tokens.denials_.size());
    reference(issuer.tenant, view_.scopes_.tenants().size());
    index(issuer.rights, view_.scopes_.access_.rights_.size());
    if (!why_.empty()) return;
    if (issuer.secret.empty() == issuer.keys_file.empty()) {
      return refuse("an issuer of tokens has no keys");
    }
  }
}

}  // namespace headrace::policy::config
