"""HAProxy at its best for each case."""

import resource

from compare_lib.peer import TEMPLATES, Peer, first_line


class Haproxy(Peer):
    name = "haproxy"
    template = "haproxy.cfg"

    def version(self, programs):
        return first_line(["haproxy", "-v"])

    def values(self, situation, place):
        bundle = place.folder / "haproxy.pem"
        bundle.write_text(place.certificate.read_text() + place.key.read_text())
        tls = (f" ssl crt {bundle} ssl-min-ver TLSv1.3 curves X25519"
               " ciphersuites TLS_AES_128_GCM_SHA256")
        return {
            "refusing": "",
            "tls": tls if situation.tls else "",
            # It refuses to start where the limit of open files does not cover these twice and
            # the pipes.
            "connections_max": (resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 1500) // 2,
            "buffer_bytes": 16384,
            # Splicing pays from some 16 KiB on, and only where nobody has to read the body.
            "splice_answers": _option("splice-response", situation.answer_bytes > 16384),
            "splice_prompts": _option("splice-request", situation.prompt_bytes > 16384),
        }

    def command(self, config, situation, place, port):
        return ["haproxy", "-db", "-f", config]


class HaproxyRefusing(Haproxy):
    """HAProxy that refuses what is beyond one request a minute of a key, by a stick table."""

    name = "haproxy-refusing"

    def values(self, situation, place):
        return {**super().values(situation, place),
                "refusing": (TEMPLATES / "haproxy_refusing.cfg").read_text()}


def _option(name, wanted):
    return f"option {name}" if wanted else ""
