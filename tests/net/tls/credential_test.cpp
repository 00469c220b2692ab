#include "net/tls/credential.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "net/tls/certificate_store.h"
#include "tests/net/tls/ends.h"

namespace headrace::net::tls::test {
namespace {

using Errors = std::vector<std::string>;

Errors errors_of(const std::string& chain, const std::string& key,
                 std::int64_t now = std::time(nullptr)) {
  const auto made = Credential::parse(bytes_of(chain), bytes_of(key), now);
  return made ? Errors{} : made.error();
}

std::string expect_one(const Errors& errors) {
  EXPECT_EQ(errors.size(), 1U);
  return errors.empty() ? "" : errors[0];
}

// A block that looks like one of openssl's, whatever stands in it.
std::string pem_block(const std::string& label, const std::string& lines) {
  return "-----BEGIN " + label + "-----\n" + lines + "-----END " + label + "-----\n";
}

TEST(Credential, KnowsItsNamesAndKey) {
  const Identity identity = make_identity(
      {.common_name = "common.test", .dns_names = {"One.Test", "*.two.test", "one.test"}});
  const auto made = Credential::parse(bytes_of(identity.certificate_pem()),
                                      bytes_of(identity.key_pem()), std::time(nullptr));
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ((*made)->names(), (std::vector<std::string>{"one.test", "*.two.test"}));
  EXPECT_EQ((*made)->key_kind(), KeyKind::ecdsa);
  EXPECT_EQ((*made)->key_bits(), 256U);
  EXPECT_NEAR(static_cast<double>((*made)->not_after_unix_seconds()),
              static_cast<double>(std::time(nullptr) + 30 * kDay), 60.0);

  const Identity old = make_identity({.common_name = "common.test"}, nullptr, make_rsa_key(2048));
  const auto unnamed = Credential::parse(bytes_of(old.certificate_pem()), bytes_of(old.key_pem()),
                                         std::time(nullptr));
  ASSERT_TRUE(unnamed.has_value());
  EXPECT_EQ((*unnamed)->names(), std::vector<std::string>{"common.test"});
  EXPECT_EQ((*unnamed)->key_kind(), KeyKind::rsa);
  EXPECT_EQ((*unnamed)->key_bits(), 2048U);
}

TEST(Credential, ReadsEveryUsualFormOfKey) {
  const Identity rsa = make_identity({}, nullptr, make_rsa_key(2048));
  const Identity ec = make_identity({});
  const bssl::UniquePtr<RSA> rsa_key(EVP_PKEY_get1_RSA(rsa.key.get()));
  const bssl::UniquePtr<EC_KEY> ec_key(EVP_PKEY_get1_EC_KEY(ec.key.get()));
  const std::string pkcs1 = pem_of([&](BIO* sink) {
    return PEM_write_bio_RSAPrivateKey(sink, rsa_key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  const std::string sec1 = pem_of([&](BIO* sink) {
    return PEM_write_bio_ECPrivateKey(sink, ec_key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  ASSERT_NE(pkcs1.find("BEGIN RSA PRIVATE KEY"), std::string::npos);
  ASSERT_NE(sec1.find("BEGIN EC PRIVATE KEY"), std::string::npos);
  EXPECT_EQ(errors_of(rsa.certificate_pem(), pkcs1), Errors{});
  EXPECT_EQ(errors_of(rsa.certificate_pem(), rsa.key_pem()), Errors{});
  EXPECT_EQ(errors_of(ec.certificate_pem(), sec1), Errors{});
  // Certificate and key in one file, in either order, with text between.
  const std::string both = ec.certificate_pem() + "Bag Attributes: none\n" + ec.key_pem();
  EXPECT_EQ(errors_of(both, both), Errors{});
  const std::string reversed = ec.key_pem() + ec.certificate_pem();
  EXPECT_EQ(errors_of(reversed, reversed), Errors{});
}

TEST(Credential, SaysInWordsWhatIsWrong) {
  const Identity good = make_identity({});
  const Identity other = make_identity({});
  const std::string chain = good.certificate_pem();
  const std::string key = good.key_pem();
  EXPECT_EQ(expect_one(errors_of(chain, other.key_pem())),
            "certificate and key do not belong together");
  EXPECT_EQ(expect_one(errors_of("", key)),
            "no certificate found: expected a PEM block \"CERTIFICATE\"");
  EXPECT_EQ(expect_one(errors_of(chain, "")),
            "no private key found: expected a PEM block \"PRIVATE KEY\"");
  EXPECT_EQ(expect_one(errors_of(chain, chain)),
            "no private key found: expected a PEM block \"PRIVATE KEY\"");
  EXPECT_EQ(expect_one(errors_of(pem_block("CERTIFICATE", "AAAA\n"), key)),
            "certificate 1 cannot be decoded");
  EXPECT_EQ(expect_one(errors_of(chain.substr(0, chain.size() / 2), key)),
            "certificate: PEM block 1 is damaged: it cannot be decoded");
  EXPECT_EQ(expect_one(errors_of(chain, pem_block("PRIVATE KEY", "AAAA\n"))),
            "key cannot be decoded, or is of a kind not supported");
}

TEST(Credential, AsksForUnencryptedKeys) {
  const Identity good = make_identity({});
  const std::string words =
      "key is encrypted: store it without a passphrase (openssl pkey -in KEY)";
  std::string passphrase = "secret";
  const std::string encrypted = pem_of([&](BIO* sink) {
    return PEM_write_bio_PKCS8PrivateKey(sink, good.key.get(), EVP_aes_256_cbc(), passphrase.data(),
                                         6, nullptr, nullptr);
  });
  EXPECT_EQ(expect_one(errors_of(good.certificate_pem(), encrypted)), words);
  const std::string traditional =
      pem_block("RSA PRIVATE KEY",
                "Proc-Type: 4,ENCRYPTED\n"
                "DEK-Info: AES-256-CBC,00112233445566778899AABBCCDDEEFF\n\nAAAA\n");
  EXPECT_EQ(expect_one(errors_of(good.certificate_pem(), traditional)), words);
}

TEST(Credential, JudgesTimeAtItsBounds) {
  const Identity identity =
      make_identity({.valid_from_seconds = -kDay, .valid_until_seconds = kDay});
  const std::string chain = identity.certificate_pem();
  const std::string key = identity.key_pem();
  const auto made = Credential::parse(bytes_of(chain), bytes_of(key), std::time(nullptr));
  ASSERT_TRUE(made.has_value());
  const std::int64_t until = (*made)->not_after_unix_seconds();
  EXPECT_EQ(errors_of(chain, key, until), Errors{});
  EXPECT_EQ(expect_one(errors_of(chain, key, until + 1)).substr(0, 23), "certificate expired on ");
  EXPECT_EQ(errors_of(chain, key, until - 2 * kDay), Errors{});
  EXPECT_EQ(expect_one(errors_of(chain, key, until - 2 * kDay - 1)).substr(0, 32),
            "certificate is not valid before ");
}

TEST(Credential, RefusesWeakRsa) {
  const Identity weak = make_identity({}, nullptr, make_rsa_key(1024));
  EXPECT_EQ(expect_one(errors_of(weak.certificate_pem(), weak.key_pem())),
            "RSA key has 1024 bits: at least 2048 are needed");
}

TEST(Credential, RefusesChainsOutOfOrder) {
  const Identity root = make_authority("Root");
  const Identity middle = make_identity({.common_name = "Middle", .is_authority = true}, &root);
  const Identity leaf = make_identity({.common_name = "Leaf"}, &middle);
  const std::string good = leaf.certificate_pem() + middle.certificate_pem();
  EXPECT_EQ(errors_of(good, leaf.key_pem()), Errors{});
  EXPECT_EQ(errors_of(good + root.certificate_pem(), leaf.key_pem()), Errors{});
  EXPECT_EQ(expect_one(errors_of(leaf.certificate_pem() + root.certificate_pem(), leaf.key_pem())),
            "certificate 2 of the chain did not issue the one before it: put each issuer after its "
            "own");
}

TEST(Credential, ReportsEveryFaultAtOnce) {
  const Identity expired =
      make_identity({.valid_from_seconds = -9 * kDay, .valid_until_seconds = -kDay});
  const Identity other = make_identity({});
  EXPECT_EQ(errors_of(expired.certificate_pem(), other.key_pem()).size(), 2U);
}

// --- the store ----------------------------------------------------------------------------------

class CertificateStoreTest : public testing::Test {
 protected:
  CertificateStoreTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "headrace_tls_XXXXXX").string();
    HEADRACE_CHECK(mkdtemp(pattern.data()) != nullptr);
    folder = pattern;
  }
  ~CertificateStoreTest() override { std::filesystem::remove_all(folder); }

  std::string write(const std::string& name, const std::string& content) const {
    const auto path = folder / name;
    std::ofstream(path, std::ios::binary) << content;
    return path.string();
  }

  std::filesystem::path folder;
};

TEST_F(CertificateStoreTest, LoadsAndNoticesChanges) {
  const Identity first = make_identity({.dns_names = {"a.test"}});
  const Identity second = make_identity({.dns_names = {"b.test"}});
  const CertificateFiles a{write("a.pem", first.certificate_pem()),
                           write("a.key", first.key_pem())};
  const std::string both = write("b.pem", second.certificate_pem() + second.key_pem());
  CertificateStore store({a, {both, both}}, {});
  EXPECT_FALSE(store.changed()) << "nothing was seen yet";
  const auto loaded = store.load();
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ((*loaded)->select("b.test", true), 1U);
  EXPECT_FALSE(store.changed());

  // Renewed in place by renaming, as certificate clients do it.
  const Identity renewed = make_identity({.dns_names = {"c.test"}});
  write("new.pem", renewed.certificate_pem());
  std::filesystem::rename(folder / "new.pem", folder / "a.pem");
  EXPECT_TRUE(store.changed());
  const auto mixed = store.load();
  ASSERT_FALSE(mixed.has_value()) << "the key is still the old one";
  EXPECT_EQ(expect_one(mixed.error()), a.certificate_path + " with " + a.key_path +
                                           ": certificate and key do not belong together");
  EXPECT_FALSE(store.changed()) << "the same fault is not reported again and again";
  write("a.key", renewed.key_pem());
  EXPECT_TRUE(store.changed());
  const auto reloaded = store.load();
  ASSERT_TRUE(reloaded.has_value());
  EXPECT_EQ((*reloaded)->select("c.test", true), 0U);

  std::filesystem::remove(folder / "a.key");
  EXPECT_TRUE(store.changed());
}

TEST_F(CertificateStoreTest, NamesTheFileOfEveryFault) {
  const Identity identity = make_identity({});
  const std::string chain = write("a.pem", identity.certificate_pem());
  const std::string key = write("a.key", identity.key_pem());
  const std::string missing = (folder / "missing").string();
  const std::string large = write("large", std::string(kCertificateFileBytesMax + 1, 'x'));
  const std::string just_fits = write("fits", std::string(kCertificateFileBytesMax, 'x'));
  CertificateStore store({{chain, missing},
                          {missing, missing},
                          {folder.string(), key},
                          {large, key},
                          {just_fits, key}},
                         {});
  const auto loaded = store.load();
  ASSERT_FALSE(loaded.has_value());
  EXPECT_EQ(loaded.error(),
            (Errors{missing + ": no such file", missing + ": no such file",
                    folder.string() + ": is a folder",
                    large + ": larger than 1048576 bytes: this is no certificate or key",
                    just_fits + " with " + key +
                        ": no certificate found: expected a PEM block \"CERTIFICATE\""}));
}

}  // namespace
}  // namespace headrace::net::tls::test
