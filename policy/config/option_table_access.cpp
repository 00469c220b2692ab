// Options of roles and policy sets.
#include "policy/config/option_sections.h"
#include "policy/config/rights_options.h"

namespace headrace::policy::config {
namespace {

constexpr OptionSpec kRoleOptions[] = {
    required(text<&RoleModel::name>("name", TextRule::identifier, kNameBytesMax,
                                    "By which keys, users and tokens call it.")),
    texts<&RoleModel::inherits>("inherits", TextRule::identifier, kNameBytesMax, kRolesMax,
                                "Roles that it may do everything of."),
    texts<&RoleModel::allow>(
        "allow", TextRule::permission, kPermissionBytesMax, 256,
        "What it may do: a method or `*`, and a path in which `*` stands for one segment and `**` "
        "at the end for one or more: `POST /v1/chat/**`. `*` alone is everything."),
};

constexpr OptionSpec kAnonymousOwnOptions[] = {
    otherwise("nobody is served without a credential",
              text<&AnonymousModel::tenant>("tenant", TextRule::label, kLabelBytesMax,
                                            "For whom they count.")),
};
constexpr auto kAnonymousOptions =
    with_options(kAnonymousOwnOptions, rights_options<&AnonymousModel::rights>());
constexpr SectionSpec kAnonymousSection =
    section<AnonymousModel>("anonymous caller", kAnonymousOptions);

constexpr std::string_view kRoleUseNames[] = {"where_given", "required", "ignored"};
constexpr auto kSetRow = &PolicySetModel::row;
constexpr OptionSpec kPolicySetOptions[] = {
    required(text<&PolicySetModel::name>("name", TextRule::identifier, kNameBytesMax,
                                         "By which listeners call it.")),
    otherwise("everything", texts<&PolicySetModel::allow>(
                                "allow", TextRule::permission, kPermissionBytesMax, 256,
                                "What may be asked for here at all, written as in a role. "
                                "Everything else is answered 404.")),
    otherwise("all tenants", texts<&PolicySetModel::tenants>(
                                 "tenants", TextRule::label, kLabelBytesMax, 1024,
                                 "Whose callers are served here. Others are answered 403.")),
    texts<&PolicySetModel::roles>("roles", TextRule::identifier, kNameBytesMax, kRolesMax,
                                  "Callers need one of these roles, or one that inherits it."),
    choice<kSetRow, &PolicySet::role_use>(
        "role_use", kRoleUseNames, 0,
        "Whose roles say what they may do: of callers that have any (`where_given`), of all, so "
        "that who has none may do nothing (`required`), or of nobody (`ignored`)."),
    flag<kSetRow, &PolicySet::api_keys>("api_keys", true, "Take API keys."),
    flag<kSetRow, &PolicySet::tokens>("tokens", true, "Take tokens of `token_issuers`."),
    texts<&PolicySetModel::skip>("skip", TextRule::stage, kNameBytesMax, 3,
                                 "Stages left out: `admit` (limits of requests), `cache`, "
                                 "`reserve` (limits of tokens and money)."),
    record<&PolicySetModel::anonymous>("anonymous", kAnonymousSection,
                                       "Callers without any credential, where a tenant is "
                                       "named for them; else they are answered 401."),
};

}  // namespace

constinit const SectionSpec kRoleSection = section<RoleModel>("role", kRoleOptions);
constinit const SectionSpec kPolicySetSection =
    section<PolicySetModel>("policy set", kPolicySetOptions);

}  // namespace headrace::policy::config
