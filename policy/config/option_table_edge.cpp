// Options of the gateway's edges.
#include "policy/config/option_builder.h"
#include "policy/config/option_sections.h"

namespace headrace::policy::config {
namespace {

constexpr std::string_view kStateNames[] = {"ready", "drain", "maintenance"};

constexpr auto kAnswersRow = &AnswersModel::row;
constexpr OptionSpec kAnswersOptions[] = {
    flag<kAnswersRow, &AnswerSettings::provider>("provider", false,
                                                 "Say who answered, in `X-Headrace-Provider`."),
    flag<kAnswersRow, &AnswerSettings::route>(
        "route", false,
        "Say by which route, in `X-Headrace-Route`: its name, or the first of its models."),
    flag<kAnswersRow, &AnswerSettings::attempts>(
        "attempts", false, "Say how often a provider was asked, in `X-Headrace-Attempts`."),
    flag<kAnswersRow, &AnswerSettings::cost>(
        "cost", false,
        "Say what an answer cost in micro-USD, in `X-Headrace-Cost`, where it is known when the "
        "answer's head is sent: of one that came whole with its head, and of the gateway's own. "
        "What streams and long answers cost stands in the record alone."),
    text<&AnswersModel::debug_sha256>(
        "debug_sha256", TextRule::digest, 64,
        "SHA-256 of a token in hexadecimal. Who sends that token as `X-Headrace-Debug` is told in "
        "`X-Headrace-Explain` how the request was decided."),
};

constexpr OptionSpec kCertificateNameOptions[] = {
    required(text<&CertificateNameModel::name>(
        "name", TextRule::certificate_name, 256,
        "A name in the certificate: `uri:spiffe://acme/app`, `dns:app.acme.test`, "
        "`email:app@acme.test`, or its subject's common name as `cn:app`.")),
    required(text<&CertificateNameModel::key>("key", TextRule::label, kLabelBytesMax,
                                              "The name of the key whose rights it has.")),
};

constexpr OptionSpec kProviderAddressOptions[] = {
    required(text<&ProviderAddressModel::address>("address", TextRule::address, kFileBytesMax,
                                                  "`10.0.0.7:443` or `[fd00::7]:443`.")),
    choice<&ProviderAddressModel::state>(
        "state", kStateNames, 0,
        "`drain`: only while no ready one is left. `maintenance`: not at all."),
};

}  // namespace

constinit const SectionSpec kAnswersSection = section<AnswersModel>("answers", kAnswersOptions);
constinit const SectionSpec kCertificateNameSection =
    section<CertificateNameModel>("certificate name", kCertificateNameOptions);
constinit const SectionSpec kProviderAddressSection =
    section<ProviderAddressModel>("address", kProviderAddressOptions);

}  // namespace headrace::policy::config
