// Options of those whom limits and records are kept for: organisations to keys.
#include "policy/config/option_sections.h"
#include "policy/config/quota_options.h"
#include "policy/config/rights_options.h"

namespace headrace::policy::config {
namespace {

constexpr std::string_view kModeNames[] = {"live", "trial", "sandbox", "suspended"};
constexpr std::string_view kLanguageNames[] = {"en", "de", "fr", "es"};

constexpr OptionSpec kOrganisationOptions[] = {
    required(text<&OrganisationModel::name>("name", TextRule::label, kLabelBytesMax,
                                            "By which its tenants call it.")),
    plan_option<&OrganisationModel::quota>(),
    limits_option<&OrganisationModel::quota>(),
    budgets_option<&OrganisationModel::quota>(),
    credits_option<&OrganisationModel::quota>(),
};

constexpr std::string_view kOnDisconnectNames[] = {"by_config", "cancel", "drain"};
constexpr auto kTenantRow = &TenantModel::row;
constexpr OptionSpec kTenantOptions[] = {
    required(text<&TenantModel::name>("name", TextRule::label, kLabelBytesMax,
                                      "By which keys, logs and records call it.")),
    text<&TenantModel::organisation>("organisation", TextRule::label, kLabelBytesMax,
                                     "The organisation that it belongs to."),
    choice<kTenantRow, &Tenant::mode>(
        "mode", kModeNames, 0,
        "`live`; `trial`: live, with `models` that must be named; `sandbox`: everything goes to "
        "the provider with `sandbox: true`, whatever was asked; `suspended`: refused."),
    otherwise("every model",
              texts<&TenantModel::models>("models", TextRule::model_pattern, kModelBytesMax, 64,
                                          "What its callers may ask for, besides what their keys "
                                          "say: names, or beginnings with a star.")),
    otherwise("anywhere",
              texts<&TenantModel::ip_allow>("ip_allow", TextRule::identifier, kNameBytesMax, 16,
                                            "From where its callers may come: names of "
                                            "`ip_lists`. What keys say holds besides.")),
    number<kTenantRow, &Tenant::weight>(
        "weight", "", {1, 1, 1000}, "Its share of what is scarce, against that of other tenants."),
    choice<kTenantRow, &Tenant::language>(
        "language", kLanguageNames, 0,
        "Of messages to clients that ask for no language of their own."),
    by_default("UTC",
               text<&TenantModel::time_zone>("time_zone", TextRule::identifier, kNameBytesMax,
                                             "Where its days and months begin: `Europe/Berlin`.")),
    otherwise("as `billing` says",
              choice<kTenantRow, &Tenant::on_disconnect>(
                  "on_disconnect", kOnDisconnectNames, 0,
                  "When a client leaves before its answer is complete: `cancel` or `drain`.")),
    plan_option<&TenantModel::quota>(),
    limits_option<&TenantModel::quota>(),
    budgets_option<&TenantModel::quota>(),
    credits_option<&TenantModel::quota>(),
};

constexpr OptionSpec kProjectOptions[] = {
    required(text<&ProjectModel::name>("name", TextRule::label, kLabelBytesMax,
                                       "By which keys and records call it.")),
    by_default("default", text<&ProjectModel::tenant>("tenant", TextRule::label, kLabelBytesMax,
                                                      "The tenant that it belongs to.")),
    plan_option<&ProjectModel::quota>(),
    limits_option<&ProjectModel::quota>(),
    budgets_option<&ProjectModel::quota>(),
    credits_option<&ProjectModel::quota>(),
};

constexpr OptionSpec kUserOptions[] = {
    required(text<&UserModel::name>("name", TextRule::label, kLabelBytesMax,
                                    "By which keys, tokens and records call them.")),
    by_default("default", text<&UserModel::tenant>("tenant", TextRule::label, kLabelBytesMax,
                                                   "The tenant that they belong to.")),
    texts<&UserModel::roles>("roles", TextRule::identifier, kNameBytesMax, kRolesMax,
                             "Roles, besides those of the key or token that they come with."),
    flag<&UserModel::suspended>("suspended", false, "Refused until this is off again."),
    plan_option<&UserModel::quota>(),
    limits_option<&UserModel::quota>(),
    budgets_option<&UserModel::quota>(),
    credits_option<&UserModel::quota>(),
};

constexpr OptionSpec kKeyOptions[] = {
    required(text<&KeyModel::name>("name", TextRule::label, kLabelBytesMax,
                                   "By which logs and metrics call it.")),
    secret(text<&KeyModel::key>("key", TextRule::credential, 512,
                                "The key itself, as `${NAME}`; only its SHA-256 is kept. This or "
                                "`sha256`.")),
    text<&KeyModel::sha256>("sha256", TextRule::digest, 64,
                            "The key's SHA-256 in hexadecimal: `printf %s KEY | sha256sum`."),
    text<&KeyModel::prefix>("prefix", TextRule::label, 16,
                            "The key's first characters, for display."),
    otherwise(
        "that of its project or user, else `default`",
        text<&KeyModel::tenant>("tenant", TextRule::label, kLabelBytesMax, "To whom it belongs.")),
    text<&KeyModel::project>("project", TextRule::label, kLabelBytesMax,
                             "The project that it is used for."),
    text<&KeyModel::user>("user", TextRule::label, kLabelBytesMax, "The user who holds it."),
    plan_option<&KeyModel::quota>(),
    limits_option<&KeyModel::quota>(),
    budgets_option<&KeyModel::quota>(),
    credits_option<&KeyModel::quota>(),
};
constexpr auto kKeyAndRightsOptions =
    with_options(kKeyOptions, rights_options<&KeyModel::rights>());

}  // namespace

constinit const SectionSpec kOrganisationSection =
    section<OrganisationModel>("organisation", kOrganisationOptions);
constinit const SectionSpec kTenantSection = section<TenantModel>("tenant", kTenantOptions);
constinit const SectionSpec kProjectSection = section<ProjectModel>("project", kProjectOptions);
constinit const SectionSpec kUserSection = section<UserModel>("user", kUserOptions);
constinit const SectionSpec kKeySection = section<KeyModel>("key", kKeyAndRightsOptions);

}  // namespace headrace::policy::config
