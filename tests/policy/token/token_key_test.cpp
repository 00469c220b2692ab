// Signatures against the standards' own examples, and keys that are refused.
#include "policy/token/token_key.h"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/pem.h>

#include "policy/token/base64url.h"
#include "tests/policy/token/token_signer.h"

namespace headrace::policy {
namespace {

std::vector<std::uint8_t> bytes_of(std::string_view text) {
  std::vector<std::uint8_t> bytes(base64url_bytes_max(text.size()));
  const auto decoded = decode_base64url(text, bytes);
  EXPECT_TRUE(decoded) << text;
  bytes.resize(decoded ? decoded->size() : 0);
  return bytes;
}

struct Example {
  const char* source;
  const char* jwks;
  TokenAlgorithm algorithm;
  const char* signed_text;
  const char* signature;
};

constexpr const char* kJoe =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlf"
    "Q";
const std::string kHs = std::string("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.") + kJoe;
const std::string kRs = std::string("eyJhbGciOiJSUzI1NiJ9.") + kJoe;
const std::string kEs = std::string("eyJhbGciOiJFUzI1NiJ9.") + kJoe;

const Example kExamples[] = {
    {"RFC 7515 A.1",
     R"({"keys":[{"kty":"oct","alg":"HS256","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}]})",
     TokenAlgorithm::hs256, kHs.c_str(), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"},
    {"RFC 7515 A.2",
     R"({"keys":[{"kty":"RSA","alg":"RS256","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}]})",
     TokenAlgorithm::rs256, kRs.c_str(),
     "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
     "O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSj"
     "tQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6Ie"
     "YI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"},
    {"RFC 7515 A.3",
     R"({"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]})",
     TokenAlgorithm::es256, kEs.c_str(),
     "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"},
    {"RFC 8037 A.4",
     R"({"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})",
     TokenAlgorithm::eddsa, "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
     "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"},
};

TEST(TokenKey, VerifiesTheExamplesOfTheStandards) {
  for (const Example& example : kExamples) {
    const auto keys = read_token_keys(example.jwks, TokenAlgorithm::by_key);
    ASSERT_TRUE(keys) << example.source << ": " << keys.error();
    ASSERT_EQ(keys->size(), 1U);
    const TokenKey& key = keys->front();
    EXPECT_EQ(key.algorithm(), example.algorithm) << example.source;
    std::vector<std::uint8_t> signature = bytes_of(example.signature);
    EXPECT_TRUE(key.verify(example.signed_text, signature)) << example.source;
    EXPECT_FALSE(key.verify(std::string(example.signed_text) + "A", signature)) << example.source;
    for (const std::size_t at : {std::size_t{0}, signature.size() / 2, signature.size() - 1}) {
      signature[at] ^= 1;
      EXPECT_FALSE(key.verify(example.signed_text, signature)) << example.source << " " << at;
      signature[at] ^= 1;
    }
    EXPECT_FALSE(key.verify(example.signed_text, {})) << example.source;
    EXPECT_FALSE(key.verify(example.signed_text, std::span(signature).first(16)));
    signature.push_back(0);
    EXPECT_FALSE(key.verify(example.signed_text, signature)) << example.source;
  }
}

// Zero as either half of a signature verified for everybody once (CVE-2022-21449).
TEST(TokenKey, EmptySignaturesOverTheCurveAreRefused) {
  const TokenKey key = Signer::p256().verifying_key("", TokenAlgorithm::es256);
  EXPECT_FALSE(key.verify("a.b", std::vector<std::uint8_t>(64)));
  std::vector<std::uint8_t> ones(64);
  ones[31] = ones[63] = 1;
  EXPECT_FALSE(key.verify("a.b", ones));
}

TEST(TokenKey, PssAndPkcs1AreNotTheSame) {
  const Signer pss = Signer::rsa(true);
  const std::string token = pss.sign("{}", "{}");
  const std::string_view text = std::string_view(token).substr(0, token.rfind('.'));
  const auto signature = bytes_of(std::string_view(token).substr(token.rfind('.') + 1));
  EXPECT_TRUE(pss.verifying_key("", TokenAlgorithm::ps256).verify(text, signature));
  EXPECT_FALSE(pss.verifying_key("", TokenAlgorithm::rs256).verify(text, signature));
}

TEST(TokenKey, RefusesKeysThatAreWeakOrForSomethingElse) {
  const auto refused = [](const char* jwks, TokenAlgorithm algorithm, std::string_view why) {
    const auto keys = read_token_keys(jwks, algorithm);
    ASSERT_FALSE(keys) << jwks;
    EXPECT_TRUE(keys.error().contains(why)) << keys.error();
  };
  constexpr auto kByKey = TokenAlgorithm::by_key;
  refused("", kByKey, "neither a JWKS document nor a PEM");
  refused("{", kByKey, "is not JSON");
  refused("{}", kByKey, "no list of `keys`");
  refused(R"({"keys":[]})", kByKey, "no key");
  refused(R"({"keys":[1]})", kByKey, "is no object");
  refused(R"({"keys":[{"kty":"oct","alg":"HS256","k":"c2hvcnQ"}]})", kByKey, "could be guessed");
  refused(R"({"keys":[{"kty":"oct","k":"c2hvcnQ"}]})", TokenAlgorithm::rs256, "for HS256");
  refused(R"({"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]})", TokenAlgorithm::rs256, "key");
  // A point that is not on the curve.
  refused(
      R"({"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"}]})",
      kByKey, "cannot be read");
  // The public key that everybody has is no secret, and a key has one algorithm.
  const Signer rsa = Signer::rsa(false);
  for (const TokenAlgorithm other :
       {TokenAlgorithm::hs256, TokenAlgorithm::es256, TokenAlgorithm::eddsa, kByKey}) {
    EXPECT_FALSE(
        TokenKey::from_public_key("", other, bssl::UniquePtr<EVP_PKEY>(bssl::UpRef(rsa.key()))));
  }
}

TEST(TokenKey, APemKeyVerifiesByTheAlgorithmThatItIsGiven) {
  const Signer rsa = Signer::rsa(false);
  const bssl::UniquePtr<BIO> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PUBKEY(bio.get(), rsa.key());
  const std::uint8_t* bytes = nullptr;
  std::size_t count = 0;
  ASSERT_EQ(BIO_mem_contents(bio.get(), &bytes, &count), 1);
  const std::string pem(reinterpret_cast<const char*>(bytes), count);

  const auto keys = read_token_keys("\n" + pem, TokenAlgorithm::rs256);
  ASSERT_TRUE(keys) << keys.error();
  ASSERT_EQ(keys->size(), 1U);
  EXPECT_TRUE(keys->front().verify("signed", rsa.signature("signed")));
  EXPECT_FALSE(keys->front().verify("changed", rsa.signature("signed")));
  EXPECT_FALSE(read_token_keys(pem, TokenAlgorithm::es256)) << "an RSA key for a curve";
  EXPECT_FALSE(read_token_keys(pem.substr(0, pem.size() / 2), TokenAlgorithm::rs256));
}

TEST(TokenKey, PassesOverKeysOfOtherUsesAndRefusesTwoOfOneId) {
  constexpr const char* kEd =
      R"({"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})";
  const std::string mixed = std::string(R"({"keys":[{"kty":"RSA","use":"enc","n":"AQAB","e":"AQAB"},
    {"kty":"EC","crv":"P-521","x":"AA","y":"AA"},{"kty":"XYZ"},{"kty":"OKP","crv":"X25519","x":"AA"},
    {"kty":"RSA","alg":"RSA-OAEP","n":"AQAB","e":"AQAB"},)") +
                            kEd + "]}";
  const auto keys = read_token_keys(mixed, TokenAlgorithm::by_key);
  ASSERT_TRUE(keys) << keys.error();
  ASSERT_EQ(keys->size(), 1U);
  EXPECT_EQ(keys->front().id(), "a");
  const std::string twice = std::string(R"({"keys":[)") + kEd + "," + kEd + "]}";
  EXPECT_EQ(read_token_keys(twice, TokenAlgorithm::by_key).error(), "two keys have the same `kid`");
}

TEST(Base64url, HasOneTextForEachValue) {
  std::array<std::uint8_t, 16> room;
  for (const char* good : {"", "AA", "AAA", "AAAA", "-_-_", "AQ", "AQI"}) {
    EXPECT_TRUE(decode_base64url(good, room)) << good;
  }
  for (const char* bad :
       {"A", "AAAAA", "AA==", "AB", "AAB", "A+", "A/", "A A", "A\nAA", "AA.", "é"}) {
    EXPECT_FALSE(decode_base64url(bad, room)) << bad;
  }
  EXPECT_FALSE(decode_base64url("AAAAAAAA", std::span(room).first(5)));
}

}  // namespace
}  // namespace headrace::policy
