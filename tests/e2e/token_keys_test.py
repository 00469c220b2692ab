"""Bearer tokens signed with the keys of files: a public key in PEM, and a JWKS document with a key of
each kind, before the real program. The other side is the openssl program."""

import base64
import json
import signal
import subprocess
import tempfile
import time
import unittest

from gateway import Gateway, Response, chat, request
from identity_test import part
from upstream import CHAT_ANSWER, Upstream

KINDS = {
    "RS256": ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
    "PS256": ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
    "ES256": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
    "EdDSA": ("-algorithm", "ED25519"),
}


def openssl(*arguments, given=b""):
    return subprocess.run(["openssl", *arguments], input=given, check=True, capture_output=True).stdout


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class SigningKey:
    def __init__(self, folder, algorithm, name):
        self.algorithm, self.name = algorithm, name
        self.file = folder / f"{name}.key"
        self.file.write_bytes(openssl("genpkey", *KINDS[algorithm]))

    def public_pem(self):
        return openssl("pkey", "-in", self.file, "-pubout").decode()

    def jwk(self, **more):
        der = openssl("pkey", "-in", self.file, "-pubout", "-outform", "DER")
        if self.algorithm == "ES256":
            members = {"kty": "EC", "crv": "P-256", "x": encoded(der[-64:-32]), "y": encoded(der[-32:])}
        elif self.algorithm == "EdDSA":
            members = {"kty": "OKP", "crv": "Ed25519", "x": encoded(der[-32:])}
        else:
            modulus = openssl("rsa", "-in", self.file, "-noout", "-modulus").decode().strip().split("=")[1]
            members = {"kty": "RSA", "n": encoded(bytes.fromhex(modulus)), "e": "AQAB"}
        return {**members, "kid": self.name, "alg": self.algorithm, "use": "sig", **more}

    def _signature(self, text):
        if self.algorithm == "EdDSA":
            with tempfile.NamedTemporaryFile() as file:
                file.write(text)
                file.flush()
                return openssl("pkeyutl", "-sign", "-rawin", "-inkey", self.file, "-in", file.name)
        padding = ()
        if self.algorithm == "PS256":
            padding = ("-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32")
        made = openssl("dgst", "-sha256", "-sign", self.file, *padding, given=text)
        return self._raw(made) if self.algorithm == "ES256" else made

    @staticmethod
    def _raw(der):
        """Two numbers of 32 bytes, out of ASN.1: SEQUENCE { INTEGER, INTEGER }."""
        first_bytes = der[3]
        first, rest = der[4 : 4 + first_bytes], der[4 + first_bytes :]
        second = rest[2 : 2 + rest[1]]
        return b"".join(number.lstrip(b"\0").rjust(32, b"\0") for number in (first, second))

    def token(self, issuer, header=None, **claims):
        head = {"alg": self.algorithm, "kid": self.name, "typ": "JWT"} | (header or {})
        text = part({k: v for k, v in head.items() if v is not None}) + "." + part(
            {"iss": issuer, "exp": int(time.time()) + 300, "sub": "ada"} | claims)
        return text + "." + encoded(self._signature(text.encode()))


class Issuers(Gateway):
    def config_text(self):
        return super().config_text() + f"""
token_issuers:
  - {{name: one, issuer: one, keys_file: {self.folder}/one.pem, algorithm: RS256, tenant: default}}
  - {{name: many, issuer: many, keys_file: {self.folder}/many.json, tenant: default}}
"""

    def __enter__(self):
        keys = self.folder
        self.one = SigningKey(keys, "RS256", "one")
        self.many = [SigningKey(keys, algorithm, algorithm.lower()) for algorithm in KINDS]
        self.stranger = SigningKey(keys, "RS256", "stranger")
        (keys / "one.pem").write_text(self.one.public_pem())
        self.write_many(self.many)
        return super().__enter__()

    def write_many(self, keys):
        document = {"keys": [each.jwk() for each in keys] + [{"kty": "RSA", "use": "enc", "kid": "not-for-this"}]}
        (self.folder / "many.json").write_text(json.dumps(document))

    def reload(self):
        generation = self.metric("headrace_config_generation")
        self.signal(signal.SIGHUP)
        self.wait_for_metric("headrace_config_generation", lambda value: value > generation)


class TokenKeys(unittest.TestCase):
    def setUp(self):
        self.upstream = self.enterContext(Upstream(lambda seen, connection: connection.sendall(CHAT_ANSWER)))
        self.gateway = self.enterContext(Issuers(self.upstream.address))

    def expect(self, token, status):
        for _ in range(2):  # verified, then remembered
            with self.gateway.connect() as connection:
                connection.sendall(request(chat(), key=token))
                answer = Response(connection)
            self.assertEqual(answer.status, status, answer.body)

    def test_a_public_key_in_pem(self):
        one, stranger = self.gateway.one, self.gateway.stranger
        self.expect(one.token("one"), 200)
        self.expect(one.token("one", header={"kid": None}), 200)
        self.expect(one.token("one", exp=int(time.time()) - 100), 401)
        self.expect(stranger.token("one", header={"kid": "one"}), 401)
        self.expect(one.token("many"), 401)
        # The public key is known to all: it is no secret that one could sign with.
        self.expect(one.token("one", header={"alg": "HS256"}), 401)
        self.expect(one.token("one", header={"alg": "PS256"}), 401)

    def test_a_jwks_document_with_a_key_of_each_kind(self):
        for each in self.gateway.many:
            with self.subTest(each.algorithm):
                good = each.token("many")
                self.expect(good, 200)
                head, claims, signature = good.split(".")
                flipped = ("B" if signature[10] == "A" else "A").join((signature[:10], signature[11:]))
                self.expect(".".join((head, claims, flipped)), 401)
                self.expect(each.token("many", header={"kid": "nobody"}), 401)
                self.expect(each.token("many", header={"kid": None}), 401)  # one of several
                other = next(key for key in self.gateway.many if key is not each)
                self.expect(each.token("many", header={"kid": other.name}), 401)

    def test_a_key_that_is_replaced_verifies_nothing_after_a_reload(self):
        old = self.gateway.many[0]
        was_good = old.token("many")
        self.expect(was_good, 200)
        renewed = SigningKey(self.gateway.folder, "RS256", "renewed")
        self.gateway.write_many([renewed])
        self.gateway.reload()
        self.expect(was_good, 401)
        self.expect(renewed.token("many"), 200)
        # A file that cannot be read changes nothing.
        (self.gateway.folder / "many.json").write_text("no JSON")
        failed = self.gateway.metric("headrace_config_reloads_failed_total")
        self.gateway.signal(signal.SIGHUP)
        self.gateway.wait_for_metric("headrace_config_reloads_failed_total", lambda value: value > failed)
        self.expect(renewed.token("many"), 200)


if __name__ == "__main__":
    unittest.main()
