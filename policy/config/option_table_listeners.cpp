// Options of the listeners: where clients come in, and what is known and asked of them there.
#include "policy/config/option_builder.h"
#include "policy/config/option_sections.h"

namespace headrace::policy::config {
namespace {

constexpr std::string_view kTlsVersionNames[] = {"1.2", "1.3"};
constexpr std::string_view kProxyProtocolNames[] = {"off", "optional", "required"};
constexpr std::string_view kClientCertificateNames[] = {"off", "optional", "required"};
constexpr std::string_view kOverLimitNames[] = {"close", "answer"};

constexpr OptionSpec kCertificateOptions[] = {
    required(text<&CertificateModel::certificate_file>(
        "certificate_file", TextRule::file, kFileBytesMax,
        "PEM: the certificate, then those that lead to its root.")),
    required(text<&CertificateModel::key_file>("key_file", TextRule::file, kFileBytesMax,
                                               "PEM: its private key.")),
};

constexpr auto kListenerRow = &ListenerModel::row;
constexpr OptionSpec kListenerOptions[] = {
    required(
        text<&ListenerModel::address>("address", TextRule::address, kFileBytesMax,
                                      "`127.0.0.1:8080`, `[::]:8080` or `unix:/run/headrace.sock`. "
                                      "Port 0 takes a free one.")),
    flag<kListenerRow, &Listener::tls>("tls", false, "Speak TLS."),
    records<&ListenerModel::certificates>(
        "certificates", kCertificateSection, 64,
        "Chosen by the name that the client asks for; the first one where none fits."),
    choice<kListenerRow, &Listener::tls_version_min>("tls_version_min", kTlsVersionNames, 0,
                                                     "The oldest version of TLS that is spoken."),
    by_default("http/1.1", texts<&ListenerModel::alpn>(
                               "alpn", TextRule::protocol, kNameBytesMax, 4,
                               "Protocols offered in the TLS handshake, by preference.")),
    text<&ListenerModel::ticket_key_file>(
        "ticket_key_file", TextRule::file, kFileBytesMax,
        "Keys of TLS session tickets, so that sessions outlive a restart. Without it keys are made "
        "at start."),
    number<kListenerRow, &Listener::connections_max>("connections_max", "connections",
                                                     {100'000, 1, 10'000'000},
                                                     "Open at one time; more are closed at once."),
    number<kListenerRow, &Listener::requests_per_connection_max>(
        "requests_per_connection_max", "requests", {0, 0, 1'000'000'000},
        "After which a connection is closed. 0: no limit."),
    number<kListenerRow, &Listener::backlog>("backlog", "connections", {4096, 1, 65'535},
                                             "Waiting to be accepted, for each shard."),
    texts<&ListenerModel::trusted_proxies>(
        "trusted_proxies", TextRule::network, kNameBytesMax, 256,
        "Networks (`10.0.0.0/8`, `fd00::/8`) whose X-Forwarded fields are believed. From all "
        "others they are dropped."),
    otherwise("every key may do what it may do",
              text<&ListenerModel::policy_set>("policy_set", TextRule::identifier, kNameBytesMax,
                                               "The name of a policy set: what it is for.")),
    otherwise("anywhere",
              texts<&ListenerModel::ip_allow>("ip_allow", TextRule::identifier, kNameBytesMax, 16,
                                              "From where callers may come: names of "
                                              "`ip_lists`. Others are answered 403.")),
    flag<kListenerRow, &Listener::x_forwarded>(
        "x_forwarded", false, "Tell providers of the client by X-Forwarded-For, -Proto and -Host."),
    flag<kListenerRow, &Listener::forwarded>(
        "forwarded", false, "Tell providers of the client by Forwarded (RFC 7239)."),
    choice<kListenerRow, &Listener::proxy_protocol>(
        "proxy_protocol", kProxyProtocolNames, 0,
        "Connections of `trusted_proxies` begin with a header of the PROXY protocol, version 1 or "
        "2, that says whose they are. `required`: all others are closed."),
    choice<kListenerRow, &Listener::client_certificates>(
        "client_certificates", kClientCertificateNames, 0,
        "Ask for a client certificate in the TLS handshake. One that `certificate_names` leads to "
        "a key stands for that key where none is sent."),
    text<&ListenerModel::client_ca_file>("client_ca_file", TextRule::file, kFileBytesMax,
                                         "PEM: the roots of client certificates."),
    number<kListenerRow, &Listener::address_connections_max>(
        "address_connections_max", "connections", {0, 0, 1'000'000},
        "Open at one time from one address (of IPv6 from one /64), for each shard. 0: no limit."),
    number<kListenerRow, &Listener::address_handshakes_per_minute_max>(
        "address_handshakes_per_minute_max", "connections a minute", {0, 0, 1'000'000},
        "New ones from one address, for each shard. 0: no limit."),
    choice<kListenerRow, &Listener::over_address_limit>(
        "over_address_limit", kOverLimitNames, 0,
        "Connections beyond these two: `close` at once, or `answer` their first request with 429 "
        "(without TLS only)."),
    texts<&ListenerModel::cors_origins>(
        "cors_origins", TextRule::origin, 256, 64,
        "Pages that may call from a browser: `https://app.acme.test`, or `*` for all."),
    texts<&ListenerModel::cors_headers>(
        "cors_headers", TextRule::header_name, kLabelBytesMax, 32,
        "Fields that such pages may send besides those of the SDKs."),
    number<kListenerRow, &Listener::cors_max_age_s>("cors_max_age_s", "s", {600, 0, 86'400},
                                                    "How long a browser may remember that."),
    number<kListenerRow, &Listener::hsts_max_age_s>(
        "hsts_max_age_s", "s", {31'536'000, 0, 63'072'000},
        "Strict-Transport-Security on the gateway's own answers over TLS. 0: none."),
};

}  // namespace

constinit const SectionSpec kCertificateSection =
    section<CertificateModel>("certificate", kCertificateOptions);
constinit const SectionSpec kListenerSection = section<ListenerModel>("listener", kListenerOptions);

}  // namespace headrace::policy::config
