#include <optional>
#include <string>

#include <fmt/format.h>

#include "policy/config/config_rules.h"

namespace headrace::policy::config {
namespace {

using Judgement = std::optional<std::string> (SecretSource::*)(std::string_view path);

class FileRules {
 public:
  FileRules(SecretSource& source, ErrorList& errors) : source_(source), errors_(errors) {}

  void apply(const ConfigModel& model) {
    for (const ListenerModel& listener : model.listeners) {
      for (const CertificateModel& pair : listener.certificates) {
        read("certificate_file", pair.certificate_file);
        read("key_file", pair.key_file);
      }
      read("ticket_key_file", listener.ticket_key_file);
      read("client_ca_file", listener.client_ca_file);
    }
    for (const ProviderModel& provider : model.providers) {
      read("ca_file", provider.ca_file);
      read("client_certificate_file", provider.client_certificate_file);
      read("client_key_file", provider.client_key_file);
    }
    for (const TokenIssuerModel& issuer : model.token_issuers)
      read("keys_file", issuer.keys_file);
    judge("path", model.audit.path, &SecretSource::unwritable, "write to it");
    judge("path", model.access_log.path, &SecretSource::unwritable, "write to it");
    judge("directory", model.journal.directory, &SecretSource::unusable_folder, "write there");
  }

 private:
  void read(std::string_view option, const Text& file) {
    judge(option, file, &SecretSource::unreadable, "read it");
  }

  void judge(std::string_view option, const Text& file, Judgement judgement, const char* deed) {
    if (file.value.empty() || file.unknown) return;
    if (const auto reason = (source_.*judgement)(file.value)) {
      errors_.add(file.place, fmt::format("`{}` {}: {}", option, shown(file), *reason),
                  fmt::format("correct the path, or let the gateway's user {}", deed));
    }
  }

  SecretSource& source_;
  ErrorList& errors_;
};

}  // namespace

void apply_file_rules(const ConfigModel& model, SecretSource& source, ErrorList& errors) {
  FileRules(source, errors).apply(model);
}

}  // namespace headrace::policy::config
