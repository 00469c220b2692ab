"""A certificate for the listeners of a run: the same for all, ECDSA on P-256."""

import subprocess

from compare_lib.processes import Failed


def make_certificate(folder):
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    run = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "30", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-keyout", str(key), "-out", str(certificate)], capture_output=True, text=True)
    if run.returncode != 0:
        raise Failed(f"openssl could not make a certificate: {run.stderr.strip()}")
    return certificate, key
