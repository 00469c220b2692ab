// Tokens: what is believed, and the public attacks on those who believed too much.
#include "policy/token/token_verifier.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>

#include "policy/identify.h"
#include "policy/token/token_memory.h"
#include "tests/policy/config/config_fixture.h"
#include "tests/policy/token/token_signer.h"

namespace headrace::policy {
namespace {

constexpr std::string_view kConfig = R"(
listeners: [{address: "127.0.0.1:8080"}]
tenants: [{name: acme}, {name: beta}]
users: [{name: ada, tenant: acme, roles: [reader]}, {name: bob, tenant: beta}]
roles:
  - {name: reader, allow: ["GET /v1/models"]}
  - {name: writer, inherits: [reader], allow: ["POST /v1/chat/**"]}
token_issuers:
  - {name: rs, issuer: "https://rs.example", keys_file: /rs.json, audiences: [api, other],
     tenant_claim: org, roles_claim: groups, lifetime_max_s: 3600,
     denied_ids: [bad-id, worse-id], denied_subjects: [mallory]}
  - {name: hs, issuer: hs, secret: 0123456789abcdef0123456789abcdef, tenant: acme,
     users_must_be_known: true, leeway_s: 0}
  - {name: two, issuer: two, keys_file: /two.json, tenant: beta}
)";
constexpr std::string_view kSecret = "0123456789abcdef0123456789abcdef";
constexpr std::uint64_t kNow = 1'800'000'000;

class TokenVerifierTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    rsa_ = new Signer(Signer::rsa(false));
    other_ = new Signer(Signer::rsa(false));
    ec_ = new Signer(Signer::p256());
    ed_ = new Signer(Signer::ed25519());
  }

  void SetUp() override {
    ASSERT_TRUE(config_.good());
    keys_.resize(3);
    keys_[0].push_back(rsa_->verifying_key("k1", TokenAlgorithm::rs256));
    keys_[1].push_back(
        Signer::secret(std::string(kSecret)).verifying_key("", TokenAlgorithm::hs256));
    keys_[2].push_back(ec_->verifying_key("ec", TokenAlgorithm::es256));
    keys_[2].push_back(ed_->verifying_key("ed", TokenAlgorithm::eddsa));
    verifier_ = std::make_unique<TokenVerifier>(config_.view, keys_);
  }

  static std::string claims(std::string_view more = {}) {
    return fmt::format(
        R"({{"iss":"https://rs.example","aud":"api","exp":{},"sub":"ada","org":"acme"{}}})",
        kNow + 600, more);
  }
  std::string_view judge(std::string_view token, std::uint64_t now_s = kNow) {
    const auto verified = verifier_->verify(token, now_s);
    return verified ? "good" : row(verified.error()).name;
  }
  std::string_view judge_rs(std::string_view claims) {
    return judge(rsa_->sign(R"({"alg":"RS256","kid":"k1"})", claims));
  }
  std::string_view judge_header(std::string_view header) {
    return judge(rsa_->sign(header, claims()));
  }

  static inline Signer* rsa_ = nullptr;
  static inline Signer* other_ = nullptr;
  static inline Signer* ec_ = nullptr;
  static inline Signer* ed_ = nullptr;
  config::OpenConfig config_{kConfig};
  std::vector<std::vector<TokenKey>> keys_;
  std::unique_ptr<TokenVerifier> verifier_;
};

TEST_F(TokenVerifierTest, MapsClaimsToRows) {
  const std::string token = rsa_->sign(R"({"alg":"RS256","kid":"k1","typ":"JWT"})",
                                       claims(R"(,"groups":["writer","unknown"],"jti":"1")"));
  ASSERT_TRUE(looks_like_token(token));
  const auto verified = verifier_->verify(token, kNow);
  ASSERT_TRUE(verified) << row(verified.error()).name;
  EXPECT_EQ(verified->shown_subject(), "ada");
  EXPECT_EQ(verified->expires_at_s, kNow + 660);
  const Caller caller = caller_of(config_.view, *verified);
  EXPECT_EQ(config_.view.text(caller.tenant->name), "acme");
  EXPECT_EQ(config_.view.text(caller.user->name), "ada");
  EXPECT_EQ(caller.user_identity, caller.user->identity);
  EXPECT_EQ(caller.key, nullptr);
  EXPECT_EQ(caller.proof, Proof::token);
  EXPECT_EQ(caller.roles, 3U);  // writer, with reader
  EXPECT_FALSE(denied(config_.view, *verified));
}

TEST_F(TokenVerifierTest, BelievesEveryAlgorithmWithItsOwnKeyOnly) {
  const std::string two = fmt::format(R"({{"iss":"two","exp":{}}})", kNow + 60);
  EXPECT_EQ(judge(ec_->sign(R"({"alg":"ES256","kid":"ec"})", two)), "good");
  EXPECT_EQ(judge(ed_->sign(R"({"alg":"EdDSA","kid":"ed"})", two)), "good");
  EXPECT_EQ(judge(ed_->sign(R"({"alg":"EdDSA","kid":"ec"})", two)), "algorithm");
  EXPECT_EQ(judge(ec_->sign(R"({"alg":"ES256","kid":"ed"})", two)), "algorithm");
  EXPECT_EQ(judge(ec_->sign(R"({"alg":"ES256"})", two)), "key_unknown");
  EXPECT_EQ(judge(ec_->sign(R"({"alg":"ES256","kid":"none"})", two)), "key_unknown");
  const std::string hs = fmt::format(R"({{"iss":"hs","exp":{},"sub":"ada"}})", kNow + 60);
  EXPECT_EQ(judge(Signer::secret(std::string(kSecret)).sign(R"({"alg":"HS256"})", hs)), "good");
  EXPECT_EQ(
      judge(Signer::secret("another secret of 32 bytes at least").sign(R"({"alg":"HS256"})", hs)),
      "signature");
  // Signed by another key of the right kind.
  EXPECT_EQ(judge(other_->sign(R"({"alg":"RS256","kid":"k1"})", claims())), "signature");
}

// What was once believed by somebody.
TEST_F(TokenVerifierTest, PublicAttacksAreRefused) {
  // No signature at all, in every writing (RFC 7519 section 6).
  for (const char* none : {"none", "None", "NONE", "nOnE", ""}) {
    const std::string header = fmt::format(R"({{"alg":"{}","kid":"k1"}})", none);
    EXPECT_EQ(judge(base64url(header) + "." + base64url(claims()) + "."), "algorithm") << none;
    EXPECT_EQ(judge_header(header), "algorithm") << none;
  }
  // An RSA public key taken for a secret: as PEM, with and without its line end.
  bssl::UniquePtr<BIO> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PUBKEY(bio.get(), rsa_->key());
  const std::uint8_t* pem = nullptr;
  std::size_t pem_bytes = 0;
  ASSERT_EQ(BIO_mem_contents(bio.get(), &pem, &pem_bytes), 1);
  const std::string text(reinterpret_cast<const char*>(pem), pem_bytes);
  for (const std::string& secret : {text, text.substr(0, text.size() - 1)}) {
    EXPECT_EQ(judge(Signer::secret(secret).sign(R"({"alg":"HS256","kid":"k1"})", claims())),
              "algorithm");
  }
  // Other algorithms of the same key.
  for (const char* other :
       {"RS384", "RS512", "PS256", "ES256", "EdDSA", "HS256", "rs256", "RS256 "}) {
    EXPECT_EQ(judge_header(fmt::format(R"({{"alg":"{}","kid":"k1"}})", other)), "algorithm")
        << other;
  }
  // Keys that the token brings along or says where to fetch; extensions that must be understood.
  for (const char* more :
       {R"("jwk":{"kty":"oct","k":"AA"})", R"("jku":"https://evil.example/keys")",
        R"("x5u":"https://evil.example/cert")", R"("x5c":["AA"])", R"("crit":["exp"],"exp":1)",
        R"("b64":false)", R"("zip":"DEF")", R"("jku":null)"}) {
    EXPECT_EQ(judge_header(fmt::format(R"({{"alg":"RS256","kid":"k1",{}}})", more)),
              "header_refused")
        << more;
  }
  // Ids that were paths, queries and commands elsewhere.
  for (const char* id : {"../../../../dev/null", "k1' OR '1'='1", "k1|ls", "/etc/passwd", "K1",
                         "k1 ", "https://evil.example/k1"}) {
    EXPECT_EQ(judge_header(fmt::format(R"({{"alg":"RS256","kid":"{}"}})", id)), "key_unknown")
        << id;
  }
  EXPECT_EQ(judge_header(R"({"alg":"RS256","kid":1})"), "malformed");
  EXPECT_EQ(judge_header(R"({"alg":["RS256"],"kid":"k1"})"), "algorithm");
  EXPECT_EQ(judge_header(R"({"kid":"k1"})"), "algorithm");
  // Names that stand twice, also when they are written differently.
  EXPECT_EQ(judge_header(R"({"alg":"RS256","alg":"none","kid":"k1"})"), "malformed");
  EXPECT_EQ(judge_header(R"({"alg":"RS256","\u0061lg":"none","kid":"k1"})"), "malformed");
  EXPECT_EQ(judge_rs(claims(R"(,"org":"beta")")), "malformed");
  EXPECT_EQ(judge_rs(claims(R"(,"\u006frg":"beta")")), "malformed");
  EXPECT_EQ(judge_rs(claims(R"(,"exp":99999999999)")), "malformed");
}

TEST_F(TokenVerifierTest, FormsThatAreNoTokensAreRefused) {
  const std::string good = rsa_->sign(R"({"alg":"RS256","kid":"k1"})", claims());
  ASSERT_EQ(judge(good), "good");
  const std::size_t first = good.find('.');
  const std::size_t second = good.rfind('.');
  const std::string header = good.substr(0, first);
  const std::string payload = good.substr(first + 1, second - first - 1);
  const std::string signature = good.substr(second + 1);
  for (const std::string& bad : {
           std::string(),
           std::string(".."),
           header + "." + payload,
           header + "." + payload + "." + signature + ".",
           header + "..." + signature,
           "." + payload + "." + signature,
           header + ".." + signature,
           header + "=." + payload + "." + signature,
           header + "." + payload + "." + signature + "=",
           header + "." + payload + "\n." + signature,
           header + "." + base64url("[]") + "." + signature,
           header + "." + base64url("{") + "." + signature,
           header + "." + base64url("{} {}") + "." + signature,
           header + "." + base64url("{\"a\":\"\xff\"}") + "." + signature,
           base64url(std::string(20, '[')) + "." + payload + "." + signature,
           header + "." +
               base64url(
                   claims(fmt::format(R"(,"x":{}1{})", std::string(9, '['), std::string(9, ']')))) +
               "." + signature,
           header + "." + std::string(kTokenBytesMax, 'A') + "." + signature,
       }) {
    EXPECT_EQ(judge(bad), "malformed") << bad.substr(0, 80);
  }
  EXPECT_EQ(judge(header + "." + payload + "."), "signature");
  // As many claims as there is room for, and one more.
  std::string many;
  for (std::size_t i = 5; i < kClaimsMax; ++i)
    many += fmt::format(R"(,"c{}":1)", i);
  EXPECT_EQ(judge_rs(claims(many)), "good");
  EXPECT_EQ(judge_rs(claims(many + R"(,"c":1)")), "malformed");
  // One character changed anywhere.
  for (std::size_t at = 0; at < good.size(); at += 7) {
    std::string bad = good;
    bad[at] = bad[at] == 'A' ? 'B' : 'A';
    EXPECT_NE(judge(bad), "good") << at;
  }
}

TEST_F(TokenVerifierTest, TimesHoldToTheSecondWithTheLeeway) {
  const std::string token =
      rsa_->sign(R"({"alg":"RS256","kid":"k1"})", claims(fmt::format(R"(,"nbf":{})", kNow)));
  EXPECT_EQ(judge(token, kNow - 61), "not_yet_valid");
  EXPECT_EQ(judge(token, kNow - 60), "good");
  EXPECT_EQ(judge(token, kNow + 659), "good");
  EXPECT_EQ(judge(token, kNow + 660), "expired");
  const auto with = [&](std::string_view times) {
    return judge_rs(fmt::format(
        R"({{"iss":"https://rs.example","aud":"api","sub":"ada","org":"acme"{}}})", times));
  };
  EXPECT_EQ(with(""), "lifetime");
  EXPECT_EQ(with(fmt::format(R"(,"exp":{})", kNow + 3600)), "good");
  EXPECT_EQ(with(fmt::format(R"(,"exp":{})", kNow + 3601)), "lifetime");
  EXPECT_EQ(with(fmt::format(R"(,"exp":{}.9)", kNow + 10)), "good");
  EXPECT_EQ(with(fmt::format(R"(,"exp":{},"iat":{})", kNow + 10, kNow + 61)), "not_yet_valid");
  for (const char* bad : {"-1", "\"1800000600\"", "null", "1e400", "1e30", "true", "[1]"}) {
    EXPECT_EQ(with(fmt::format(R"(,"exp":{})", bad)), "malformed") << bad;
  }
}

TEST_F(TokenVerifierTest, IssuersAudiencesAndOwnersAreJudgedExactly) {
  const auto with = [&](std::string_view iss, std::string_view rest) {
    return judge_rs(fmt::format(R"({{"iss":"{}","exp":{}{}}})", iss, kNow + 60, rest));
  };
  EXPECT_EQ(with("https://rs.example/", R"(,"aud":"api","org":"acme")"), "issuer");
  EXPECT_EQ(with("https://rs.example", R"(,"org":"acme")"), "audience");
  EXPECT_EQ(with("https://rs.example", R"(,"aud":"apis","org":"acme")"), "audience");
  EXPECT_EQ(with("https://rs.example", R"(,"aud":["x","other"],"org":"acme")"), "good");
  EXPECT_EQ(with("https://rs.example", R"(,"aud":[],"org":"acme")"), "audience");
  EXPECT_EQ(with("https://rs.example", R"(,"aud":["api",1],"org":"acme")"), "malformed");
  EXPECT_EQ(with("https://rs.example", R"(,"aud":"api")"), "tenant_unknown");
  EXPECT_EQ(with("https://rs.example", R"(,"aud":"api","org":"nobody")"), "tenant_unknown");
  EXPECT_EQ(with("https://rs.example", R"(,"aud":"api","org":["acme"])"), "tenant_unknown");
  // Keys of one issuer sign nothing for another.
  EXPECT_EQ(judge(rsa_->sign(R"({"alg":"RS256","kid":"k1"})",
                             fmt::format(R"({{"iss":"two","exp":{}}})", kNow + 60))),
            "key_unknown");
  const auto hs = [&](std::string_view subject) {
    return judge(Signer::secret(std::string(kSecret))
                     .sign(R"({"alg":"HS256"})",
                           fmt::format(R"({{"iss":"hs","exp":{}{}}})", kNow + 60, subject)));
  };
  EXPECT_EQ(hs(R"(,"sub":"ada")"), "good");
  EXPECT_EQ(hs(R"(,"sub":"carl")"), "subject_unknown");
  EXPECT_EQ(hs(R"(,"sub":"bob")"), "subject_unknown");  // of another tenant
  EXPECT_EQ(hs(""), "subject_unknown");
  EXPECT_EQ(hs(R"(,"sub":"a\nb")"), "malformed");
  EXPECT_EQ(hs(R"(,"sub":7)"), "malformed");
}

TEST_F(TokenVerifierTest, UsersOfOneNameInTwoTenantsAreTwoUsers) {
  const auto identity = [&](std::string_view tenant, std::string_view user) {
    const auto verified = verifier_->verify(
        rsa_->sign(
            R"({"alg":"RS256","kid":"k1"})",
            fmt::format(
                R"({{"iss":"https://rs.example","aud":"api","exp":{},"sub":"{}","org":"{}"}})",
                kNow + 60, user, tenant)),
        kNow);
    return verified ? verified->user_identity : 0;
  };
  EXPECT_NE(identity("acme", "carl"), identity("beta", "carl"));
  EXPECT_EQ(identity("acme", "carl"), identity("acme", "carl"));
  EXPECT_EQ(identity("acme", "ada"), config_.view.scopes().find_user("ada")->identity);
  EXPECT_NE(identity("beta", "ada"), config_.view.scopes().find_user("ada")->identity);
}

TEST_F(TokenVerifierTest, DenyListsHoldForTokensThatAreRemembered) {
  const auto is_denied = [&](std::string_view more) {
    const auto verified = verifier_->verify(
        rsa_->sign(
            R"({"alg":"RS256","kid":"k1"})",
            fmt::format(R"({{"iss":"https://rs.example","aud":"api","exp":{},"org":"acme"{}}})",
                        kNow + 60, more)),
        kNow);
    return verified.has_value() && denied(config_.view, *verified);
  };
  EXPECT_TRUE(is_denied(R"(,"jti":"bad-id","sub":"ada")"));
  EXPECT_TRUE(is_denied(R"(,"jti":"worse-id")"));
  EXPECT_FALSE(is_denied(R"(,"jti":"good-id","sub":"ada")"));
  EXPECT_TRUE(is_denied(R"(,"jti":"good-id","sub":"mallory")"));
  EXPECT_FALSE(is_denied(R"(,"sub":"bad-id")"));
  EXPECT_FALSE(is_denied(""));
}

TEST(TokenMemory, RemembersUntilTheEndAndIsBounded) {
  TokenMemory memory(64);
  const auto digest = [](std::uint64_t number) {
    return config::key_digest("token " + std::to_string(number));
  };
  VerifiedToken token;
  token.expires_at_s = 100;
  token.tenant = 7;
  memory.remember(digest(0), token, 1);
  ASSERT_NE(memory.find(digest(0), 99), nullptr);
  EXPECT_EQ(memory.find(digest(0), 99)->tenant, 7U);
  EXPECT_EQ(memory.find(digest(0), 100), nullptr);
  EXPECT_EQ(memory.find(digest(1), 1), nullptr);
  // Many more than there is room for: the newest is always there, and none is another's.
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    token.expires_at_s = 1000 + i;
    token.tenant = static_cast<std::uint32_t>(i);
    memory.remember(digest(i), token, 1);
    ASSERT_NE(memory.find(digest(i), 1), nullptr) << i;
  }
  std::size_t known = 0;
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    const VerifiedToken* found = memory.find(digest(i), 1);
    if (found == nullptr) continue;
    ++known;
    EXPECT_EQ(found->tenant, i);
  }
  EXPECT_EQ(known, 64U);
}

TEST(TokenIssuers, ContradictionsAreRefused) {
  const auto errors = [](std::string_view issuer) {
    return config::errors_of(
        "listeners: [{address: '127.0.0.1:1'}]\ntoken_issuers:\n  - {name: a, "
        "issuer: b" +
        std::string(issuer) + "}\n");
  };
  EXPECT_EQ(errors(", keys_file: /k, tenant: t"), "");
  EXPECT_TRUE(errors(", tenant: t").contains("neither `keys_file` nor `secret`"));
  EXPECT_TRUE(errors(", keys_file: /k, secret: x, tenant: t").contains("both `keys_file` and"));
  EXPECT_TRUE(errors(", secret: short, tenant: t").contains("is shorter than 32"));
  EXPECT_TRUE(errors(", secret: 0123456789abcdef0123456789abcdef, algorithm: RS256, tenant: t")
                  .contains("a secret for another algorithm"));
  EXPECT_TRUE(errors(", keys_file: /k").contains("neither `tenant` nor `tenant_claim`"));
  EXPECT_TRUE(errors(", keys_file: /k, tenant: t, tenant_claim: c").contains("both `tenant` and"));
  EXPECT_TRUE(errors(", keys_file: /nowhere/k, tenant: t").contains("no such file"));
}

TEST_F(TokenVerifierTest, CredentialsOfTheFormOfATokenAreTakenForOne) {
  const std::string token = rsa_->sign(R"({"alg":"RS256","kid":"k1"})", claims());
  const std::string field = "Bearer " + token;
  const Identity identity = identify(config_.view, nullptr, {.authorization = field});
  EXPECT_EQ(identity.status, IdentifyStatus::token);
  EXPECT_EQ(identity.token, token);
  EXPECT_EQ(identify(config_.view, nullptr, {.x_api_key = token}).status, IdentifyStatus::token);
  const std::string other = token + "A";
  EXPECT_EQ(identify(config_.view, nullptr, {.authorization = field, .x_api_key = other}).status,
            IdentifyStatus::conflicting);
  const std::string long_one = "Bearer eyJ" + std::string(kTokenBytesMax, 'A') + "..";
  EXPECT_EQ(identify(config_.view, nullptr, {.authorization = long_one}).status,
            IdentifyStatus::malformed);
  // Where no tokens are believed it is a key that nobody has.
  const config::OpenConfig without(config::kListeners);
  EXPECT_EQ(identify(without.view, nullptr, {.authorization = field}).status,
            IdentifyStatus::unknown);
}

}  // namespace
}  // namespace headrace::policy
