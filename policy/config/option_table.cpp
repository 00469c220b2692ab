#include "policy/config/option_table.h"

#include <algorithm>
#include <bit>

#include "core/check.h"
#include "policy/config/option_builder.h"
#include "policy/config/option_sections.h"
#include "policy/config/quota_options.h"
#include "policy/config/resilience_options.h"
#include "policy/json/json_walker.h"

namespace headrace::policy::config {
namespace {

constexpr std::string_view kDialectNames[] = {"openai", "anthropic", "gemini"};
static_assert(std::size(kDialectNames) == static_cast<std::size_t>(kLastDialect) + 1);
constexpr std::string_view kOwnKeyNames[] = {"off", "optional", "required"};
constexpr std::string_view kContextHeaderNames[] = {"off", "plain", "signed"};
constexpr std::string_view kAuthNames[] = {"by_dialect", "bearer", "x-api-key", "x-goog-api-key",
                                           "api-key",    "header", "query",     "none"};

constexpr std::string_view kBalanceNames[] = {"weight", "least_outstanding", "least_latency"};
static_assert(std::size(kBalanceNames) == static_cast<std::size_t>(kLastBalance) + 1);

// --- the table ---------------------------------------------------------------------------------
constexpr auto kProviderRow = &ProviderModel::row;
constexpr OptionSpec kProviderOptions[] = {
    required(text<&ProviderModel::name>("name", TextRule::identifier, kNameBytesMax,
                                        "By which routes, logs and metrics call it.")),
    required(choice<kProviderRow, &Provider::dialect>("dialect", kDialectNames, 0,
                                                      "The wire format that it speaks.")),
    required(text<&ProviderModel::url>(
        "url", TextRule::url, kFileBytesMax,
        "Its base URL as its SDK takes it: `https://api.openai.com/v1`. `http:` needs "
        "`private_network`.")),
    text<&ProviderModel::unix_socket>("unix_socket", TextRule::socket_file, 107,
                                      "Connect to this socket; the URL still gives Host and path."),
    flag<kProviderRow, &Provider::private_network>(
        "private_network", false,
        "Allow loopback and private addresses, and `http:`. Link-local and metadata addresses are "
        "never allowed."),
    choice<&ProviderModel::auth>(
        "auth", kAuthNames, static_cast<std::uint64_t>(AuthOption::by_dialect),
        "How the credential is shown. `by_dialect`: bearer for openai, x-api-key for anthropic, "
        "x-goog-api-key for gemini."),
    text<&ProviderModel::auth_name>("auth_name", TextRule::header_name, kNameBytesMax,
                                    "Of the field or parameter, with `auth: header` or `query`."),
    secret(text<&ProviderModel::credential>(
        "credential", TextRule::credential, 4096,
        "The provider's key, best as `${NAME}` or `${file:/path}`. Not with `auth: none`.")),
    choice<kProviderRow, &Provider::context>(
        "context_headers", kContextHeaderNames, 0,
        "Tell it who asks: `X-Headrace-Tenant`, `-Project`, `-User`, `-Roles`, `-Plan`; `signed`: "
        "with `X-Headrace-Timestamp` and `-Signature`. Clients can never set these."),
    secret(text<&ProviderModel::context_secret>(
        "context_secret", TextRule::credential, 512,
        "What `signed` signs with (HMAC-SHA256), as `${NAME}`.")),
    mapping<&ProviderModel::headers_add>(
        "headers_add", TextRule::header_name, TextRule::header_value, 4096, 32,
        "Fields set on every request. What comes from `${...}` is kept sealed."),
    texts<&ProviderModel::headers_remove>("headers_remove", TextRule::header_name, kLabelBytesMax,
                                          32, "Fields of the client's that are not passed on."),
    mapping<&ProviderModel::query_add>(
        "query_add", TextRule::query_name, TextRule::query_value, 4096, 32,
        "Query parameters set on every request, written as they stand in a URL."),
    texts<&ProviderModel::query_remove>("query_remove", TextRule::query_name, kLabelBytesMax, 32,
                                        "Query parameters of the client's not passed on."),
    flag<kProviderRow, &Provider::verify>(
        "verify", true, "Verify its certificate. Off only with `private_network`."),
    text<&ProviderModel::ca_file>("ca_file", TextRule::file, kFileBytesMax,
                                  "PEM: roots to verify against instead of the system's."),
    otherwise("the URL's host",
              text<&ProviderModel::server_name>("server_name", TextRule::host, 253,
                                                "The name to ask for and to verify.")),
    text<&ProviderModel::client_certificate_file>("client_certificate_file", TextRule::file,
                                                  kFileBytesMax,
                                                  "PEM: shown to the provider, with its chain."),
    text<&ProviderModel::client_key_file>("client_key_file", TextRule::file, kFileBytesMax,
                                          "PEM: the key of that certificate."),
    text<&ProviderModel::egress_proxy>(
        "egress_proxy", TextRule::url, kFileBytesMax,
        "A proxy on the way out, asked by CONNECT: `http://10.0.0.3:3128`. It resolves the "
        "provider's name; TLS goes through it from end to end."),
    secret(text<&ProviderModel::egress_proxy_credential>(
        "egress_proxy_credential", TextRule::credential, 512,
        "`user:password` for that proxy, best as `${NAME}`.")),
    records<&ProviderModel::addresses>(
        "addresses", kProviderAddressSection, 8,
        "Where it is, instead of what its host means: connections take them in turn."),
    choice<kProviderRow, &Provider::own_keys>(
        "own_keys", kOwnKeyNames, 0,
        "Clients may (`optional`) or must (`required`) bring their own key of this provider in its "
        "usual field, with the gateway's as `X-Headrace-Key`. It goes on in place of `credential`, "
        "and is kept nowhere."),
    flag<kProviderRow, &Provider::exclusive>(
        "exclusive", false,
        "The account belongs to one tenant alone: only its keys are served, and stored objects "
        "(files, batches ...) may be reached by passthrough rules."),
    flag<kProviderRow, &Provider::sandbox>(
        "sandbox", false,
        "Where all requests of its dialect go that come from tenants in sandbox mode."),
    otherwise("the tenant of all keys, where there is one only",
              text<&ProviderModel::tenant>("tenant", TextRule::label, kLabelBytesMax,
                                           "Whose account it is, with `exclusive`.")),
    number<kProviderRow, &Provider::pool, &PoolBounds::idle_max>(
        "pool_idle_max", "connections", {512, 0, 1'000'000}, "Kept open unused, for each shard."),
    number<kProviderRow, &Provider::pool, &PoolBounds::total_max>(
        "pool_total_max", "connections", {8192, 1, 1'000'000}, "Open at one time, for each shard."),
    number<kProviderRow, &Provider::pool, &PoolBounds::idle_timeout_ms>(
        "pool_idle_timeout_ms", "ms", {kMinute, 100, kHour},
        "An unused connection is closed after this."),
    number<kProviderRow, &Provider::pool, &PoolBounds::lifetime_ms>(
        "pool_lifetime_ms", "ms", {kHour, kSecond, kDay},
        "A connection takes no new request after this."),
    number<kProviderRow, &Provider::timeouts, &ProviderTimeouts::connect_ms>(
        "connect_timeout_ms", "ms", {5 * kSecond, 10, 10 * kMinute},
        "To be connected, TLS handshake included."),
    number<kProviderRow, &Provider::timeouts, &ProviderTimeouts::first_byte_ms>(
        "first_byte_timeout_ms", "ms", {5 * kMinute, 10, kDay},
        "From the request's last byte to the answer's first."),
    number<kProviderRow, &Provider::timeouts, &ProviderTimeouts::gap_ms>(
        "gap_timeout_ms", "ms", {2 * kMinute, 10, kDay}, "Between two arrivals of one answer."),
    number<kProviderRow, &Provider::timeouts, &ProviderTimeouts::total_ms>(
        "total_timeout_ms", "ms", {30 * kMinute, 10, kDay},
        "From sending the request to the answer's last byte, with all tries."),
    records<&ProviderModel::keys>(
        "keys", kProviderKeySection, kProviderKeysMax,
        "Several keys instead of one `credential`, each with rate limits of its own: the one with "
        "room is taken."),
    number<&ProviderModel::key_bench_ms>(
        "key_bench_ms", "ms", {5 * kMinute, 100, kDay},
        "A key that the provider refuses, or whose account is used up, is not tried for so long."),
    record<&ProviderModel::breaker>(
        "breaker", kBreakerSection,
        "When requests are kept away from it, or a model on it. What is not said here is as in "
        "`defaults`."),
    record<&ProviderModel::health>("health", kHealthSection,
                                   "Checks of our own. What requests meet counts always."),
    limits_option<&ProviderModel::quota>(),
};
constexpr SectionSpec kProviderSection = section<ProviderModel>("provider", kProviderOptions);

constexpr OptionSpec kTargetOptions[] = {
    required(text<&TargetModel::provider>("provider", TextRule::identifier, kNameBytesMax,
                                          "The name of a provider.")),
    otherwise("the model that was asked for",
              text<&TargetModel::model>("model", TextRule::model, kModelBytesMax,
                                        "What the provider is asked for.")),
    number<&TargetModel::weight>("weight", "", {1, 1, 1000},
                                 "Its share among targets of one priority."),
    number<&TargetModel::priority>("priority", "", {0, 0, 100}, "Lower ones go first."),
};
constexpr SectionSpec kTargetSection = section<TargetModel>("target", kTargetOptions);

constexpr auto kRouteRow = &RouteModel::row;
constexpr OptionSpec kRouteOptions[] = {
    text<&RouteModel::name>("name", TextRule::identifier, kNameBytesMax,
                            "By which keys that are bound to it call it."),
    required(texts<&RouteModel::models>(
        "models", TextRule::model_pattern, kModelBytesMax, 64,
        "Names that clients ask for. A star at the end stands for anything; an exact name goes "
        "before a pattern, a longer pattern before a shorter one.")),
    flag<kRouteRow, &Route::audit>("audit", false, "Write each of its decisions to the audit log."),
    size<kRouteRow, &Route::body_bytes_max>(
        "body_bytes_max", {0, 0, kGiB},
        "One request body of this route; more is answered 413. 0: what `http` says."),
    number<kRouteRow, &Route::json_depth_max>(
        "json_depth_max", "", {0, 0, kJsonDepthMax},
        "How deep objects and arrays may stand in each other in a request body of this route; "
        "deeper is answered 400. 0: 128, which holds everywhere."),
    number<kRouteRow, &Route::total_timeout_ms>(
        "total_timeout_ms", "ms", {0, 0, kDay},
        "From the request's head to the answer's last byte. 0: what the provider's say."),
    required(records<&RouteModel::targets>("targets", kTargetSection, 8,
                                           "Where such requests go. All speak one dialect.")),
    record<&RouteModel::cache>("cache", kRouteCacheSection, "Which answers are given again."),
    limits_option<&RouteModel::quota>(),
    record<&RouteModel::queue>("queue", kRouteQueueSection,
                               "Who waits instead of being refused, when it is used up "
                               "(queueing.md)."),
    choice<&RouteModel::balance>("balance", kBalanceNames, 0,
                                 "How one of several targets of a priority is chosen."),
    record<&RouteModel::retry>(
        "retry", kRetrySection,
        "When a request is sent again. What is not said here is as in `defaults`."),
    record<&RouteModel::hedge>(
        "hedge", kHedgeSection,
        "When a silent provider gets a rival. What is not said here is as in `defaults`."),
    otherwise("as in `defaults`",
              choice<&RouteModel::lost_attempts>(
                  "lost_attempts", kLostAttemptsNames, 0,
                  "Who pays for attempts that may have cost something although another one "
                  "answered: `absorbed` by the operator, or `charged` to the caller.")),
    number<&RouteModel::comment_interval_ms>(
        "comment_interval_ms", "ms", {0, 0, kHour},
        "A stream that is silent for so long gets a comment, so that nothing on the way takes it "
        "for dead. 0: none."),
};
constexpr SectionSpec kRouteSection = section<RouteModel>("route", kRouteOptions);

constexpr OptionSpec kPassthroughOptions[] = {
    required(text<&PassthroughModel::path>(
        "path", TextRule::path_pattern, 256,
        "A path. `*` stands for one segment, `**` at the end for one or more.")),
    by_default("POST", texts<&PassthroughModel::methods>("methods", TextRule::method, 7, 7,
                                                         "Methods that are let through.")),
    required(
        text<&PassthroughModel::provider>("provider", TextRule::identifier, kNameBytesMax,
                                          "The provider that is asked. Into an account that is "
                                          "not `exclusive` JSON is looked through: it names "
                                          "nothing that is stored there.")),
    number<&PassthroughModel::request_micro_usd>(
        "request_micro_usd", "micro-USD", {0, 0, 1'000'000'000'000}, "The price of one request."),
};
constexpr SectionSpec kPassthroughSection =
    section<PassthroughModel>("passthrough rule", kPassthroughOptions);

constexpr OptionSpec kConfigOptions[] = {
    required(records<&ConfigModel::listeners>("listeners", kListenerSection, 16,
                                              "Where clients connect.")),
    record<&ConfigModel::admin>("admin", kAdminSection,
                                "Where health and metrics are asked for. Loopback by default."),
    record<&ConfigModel::answers>("answers", kAnswersSection,
                                  "What answers tell besides what was asked."),
    records<&ConfigModel::certificate_names>("certificate_names", kCertificateNameSection, 4096,
                                             "Which key a client certificate stands for."),
    record<&ConfigModel::defaults>("defaults", kDefaultsSection,
                                   "What providers and routes have that say nothing else."),
    records<&ConfigModel::providers>("providers", kProviderSection, 256,
                                     "Who answers: anything that speaks a dialect."),
    records<&ConfigModel::routes>("routes", kRouteSection, 4096,
                                  "Which model goes to which provider."),
    records<&ConfigModel::organisations>("organisations", kOrganisationSection, 20'000,
                                         "Who holds several tenants."),
    records<&ConfigModel::tenants>(
        "tenants", kTenantSection, 20'000,
        "For whom limits, budgets and records are kept. Where none are declared, those that keys "
        "name are there; where some are, all must be."),
    records<&ConfigModel::projects>("projects", kProjectSection, 20'000,
                                    "Parts of a tenant: applications, teams, purposes."),
    records<&ConfigModel::users>("users", kUserSection, 20'000, "People of a tenant."),
    records<&ConfigModel::token_issuers>(
        "token_issuers", kTokenIssuerSection, 32,
        "Whose bearer tokens (JWT) are believed, besides keys, and what they say."),
    records<&ConfigModel::ip_lists>("ip_lists", kIpListSection, 1024,
                                    "Networks by name, for `ip_allow`."),
    record<&ConfigModel::development>("development", kDevelopmentSection,
                                      "What must never be on where others can reach it."),
    record<&ConfigModel::audit>("audit", kAuditSection,
                                "Decisions about requests, apart from the access log."),
    records<&ConfigModel::roles>(
        "roles", kRoleSection, kRolesMax,
        "What callers who have them may do: methods and paths, with what they inherit."),
    records<&ConfigModel::policy_sets>(
        "policy_sets", kPolicySetSection, 64,
        "What a listener is for: whom it serves, with what, and which stages run. So one process "
        "serves two portals."),
    records<&ConfigModel::keys>("keys", kKeySection, 20'000, "Who may ask."),
    records<&ConfigModel::plans>("plans", kPlanSection, 256,
                                 "Sets of limits and models that tenants and keys have by name."),
    records<&ConfigModel::prices>("prices", kPriceSection, 4096,
                                  "What models cost. Money is whole micro-USD."),
    records<&ConfigModel::weights>("weights", kWeightSection, 256,
                                   "Endpoints whose requests count for more than one, or for "
                                   "none; the first that fits counts."),
    record<&ConfigModel::quota>("quota", kQuotaSection, "What holds for all limits."),
    records<&ConfigModel::passthrough>("passthrough", kPassthroughSection, 256,
                                       "Endpoints without rules of their own that are let through; "
                                       "the first that fits and that the "
                                       "key may use counts. All others are refused."),
    record<&ConfigModel::cache>("cache", kCacheSection, "Answers that are kept to be given again."),
    record<&ConfigModel::http>("http", kHttpSection, "Limits, timeouts and minimal rates."),
    record<&ConfigModel::shards>("shards", kShardSection, "Threads and cores."),
    record<&ConfigModel::io>("io", kIoSection,
                             "Switches for features of the kernel. What it lacks is not used, "
                             "whatever stands here."),
    record<&ConfigModel::access_log>("access_log", kAccessLogSection, "A line for each request."),
    record<&ConfigModel::journal>("journal", kJournalSection,
                                  "Where usage records go (accounting.md)."),
    record<&ConfigModel::billing>("billing", kBillingSection,
                                  "What a request waits for, and what a client pays for who left."),
};
constexpr SectionSpec kConfigSection = section<ConfigModel>("config", kConfigOptions);

}  // namespace

const SectionSpec& config_section() {
  return kConfigSection;
}

const OptionSpec* find_option(const SectionSpec& section, std::string_view name) {
  const auto found = std::ranges::find(section.options, name, &OptionSpec::name);
  return found == section.options.end() ? nullptr : &*found;
}

const SectionSpec& section_of(std::string_view name) {
  const OptionSpec* option = find_option(kConfigSection, name);
  HEADRACE_CHECK(option != nullptr);
  HEADRACE_CHECK(option->section != nullptr);
  return *option->section;
}

void set_defaults(const SectionSpec& section, void* record) {
  for (const OptionSpec& option : section.options) {
    if (option.set_number != nullptr) option.set_number(record, option.fallback);
    if (option.type == OptionType::text) option.text(record)->value = option.text_fallback;
    if (option.type == OptionType::texts && !option.text_fallback.empty()) {
      *option.texts(record) = {Text{.value = std::string(option.text_fallback), .place = {}}};
    }
    if (option.type == OptionType::record) set_defaults(*option.section, option.record(record));
  }
}

const OptionSpec* first_out_of_bounds(const SectionSpec& section, const void* record) {
  for (const OptionSpec& option : section.options) {
    if (option.get_number == nullptr) continue;
    const std::uint64_t value = option.get_number(record);
    if (value < option.min || value > option.max) return &option;
    if (option.power_of_two && !std::has_single_bit(value)) return &option;
  }
  return nullptr;
}

}  // namespace headrace::policy::config
