// Options of those who issue tokens, of networks, and of what is told about decisions.
#include "policy/config/option_sections.h"
#include "policy/config/rights_options.h"

namespace headrace::policy::config {
namespace {

constexpr std::size_t kClaimBytesMax = 128;
constexpr auto kIssuerRow = &TokenIssuerModel::row;
constexpr OptionSpec kIssuerOwnOptions[] = {
    required(text<&TokenIssuerModel::name>("name", TextRule::identifier, kNameBytesMax,
                                           "By which logs call it.")),
    required(text<&TokenIssuerModel::issuer>("issuer", TextRule::label, 256,
                                             "What `iss` of its tokens says, exactly.")),
    text<&TokenIssuerModel::keys_file>(
        "keys_file", TextRule::file, kFileBytesMax,
        "Its keys: a JWKS document, or one public key in PEM. This or `secret`. Read anew on "
        "SIGHUP."),
    secret(text<&TokenIssuerModel::secret>(
        "secret", TextRule::credential, 512,
        "What it signs with by HS256: at least 32 characters, as `${NAME}`.")),
    choice<kIssuerRow, &TokenIssuer::algorithm>(
        "algorithm", kTokenAlgorithmNames, 0,
        "Of a PEM key, and of keys in a JWKS that have no `alg`. A token that says another is "
        "refused."),
    otherwise("any",
              texts<&TokenIssuerModel::audiences>("audiences", TextRule::label, 256, 16,
                                                  "`aud` of its tokens names one of these.")),
    number<kIssuerRow, &TokenIssuer::leeway_s>("leeway_s", "s", {60, 0, 600},
                                               "How far its clock may be from ours."),
    number<kIssuerRow, &TokenIssuer::lifetime_max_s>(
        "lifetime_max_s", "s", {86'400, 1, 31'536'000},
        "Tokens that are good for longer from now on are refused, and so are those without end."),
    text<&TokenIssuerModel::tenant>("tenant", TextRule::label, kLabelBytesMax,
                                    "Whose callers its tokens are. This or `tenant_claim`."),
    text<&TokenIssuerModel::tenant_claim>("tenant_claim", TextRule::label, kClaimBytesMax,
                                          "The claim that names the tenant."),
    by_default("sub",
               text<&TokenIssuerModel::user_claim>("user_claim", TextRule::label, kClaimBytesMax,
                                                   "The claim that names the user.")),
    flag<kIssuerRow, &TokenIssuer::users_must_be_known>("users_must_be_known", false,
                                                        "Refuse users whom `users` does not name."),
    text<&TokenIssuerModel::roles_claim>(
        "roles_claim", TextRule::label, kClaimBytesMax,
        "The claim that names roles: one, or a list. Those that `roles` does not have give "
        "nothing."),
    texts<&TokenIssuerModel::denied_ids>("denied_ids", TextRule::label, 256, 10'000,
                                         "`jti` of tokens that are refused before they end."),
    texts<&TokenIssuerModel::denied_subjects>("denied_subjects", TextRule::label, 256, 10'000,
                                              "`sub` of those whose tokens are refused."),
};
constexpr auto kIssuerOptions =
    with_options(kIssuerOwnOptions, rights_options<&TokenIssuerModel::rights>());

constexpr OptionSpec kIpListOptions[] = {
    required(text<&IpListModel::name>("name", TextRule::identifier, kNameBytesMax,
                                      "By which `ip_allow` calls it.")),
    required(texts<&IpListModel::networks>(
        "networks", TextRule::network, kNameBytesMax, 100'000,
        "Networks and addresses: `10.0.0.0/8`, `2001:db8::/32`, `192.0.2.7`. An IPv4 address that "
        "is mapped into IPv6 is the IPv4 address.")),
};

constexpr OptionSpec kDevelopmentOptions[] = {
    flag<&DevelopmentModel::ignore_ip_lists>(
        "ignore_ip_lists", false,
        "Let callers in from any address, whatever `ip_allow` says. Said in a warning at each "
        "start and with each request that would have been refused."),
};

constexpr std::string_view kLogOutputNames[] = {"off", "stdout", "file"};
constexpr OptionSpec kAuditOptions[] = {
    choice<&AuditModel::row, &AuditSettings::output>(
        "output", kLogOutputNames, 0,
        "Where one line of JSON for each decision goes: who asked for what, which rule decided, "
        "and why."),
    text<&AuditModel::path>("path", TextRule::file, kFileBytesMax,
                            "The file, with `output: file`. Opened anew on SIGUSR1."),
    flag<&AuditModel::row, &AuditSettings::refusals>(
        "refusals", true,
        "Write what was refused before a route was known. What routes decide is written for those "
        "with `audit: true`."),
};

}  // namespace

constinit const SectionSpec kTokenIssuerSection =
    section<TokenIssuerModel>("token issuer", kIssuerOptions);
constinit const SectionSpec kIpListSection = section<IpListModel>("IP list", kIpListOptions);
constinit const SectionSpec kDevelopmentSection =
    section<DevelopmentModel>("development", kDevelopmentOptions);
constinit const SectionSpec kAuditSection = section<AuditModel>("audit", kAuditOptions);

}  // namespace headrace::policy::config
