"""nginx at its best for each case."""

from compare_lib.peer import TEMPLATES, Peer, fill, first_line


class Nginx(Peer):
    name = "nginx"
    template = "nginx.conf"

    def version(self, programs):
        return first_line(["nginx", "-v"])

    def values(self, situation, place):
        tls = fill((TEMPLATES / "nginx_tls.conf").read_text(), {
            "certificate": place.certificate, "key": place.key}) if situation.tls else ""
        return {
            "zone": "", "case": "",
            "tls_on": " ssl" if situation.tls else "",
            "tls": tls,
            "buffering": "off" if situation.stream else "on",
            # Room for the whole prompt and the whole answer: nothing is written to a file.
            "request_buffering": "on",
            "prompt_buffer": _at_least(situation.prompt_bytes, 16),
            **_nginx_buffers(situation.answer_bytes),
        }

    def command(self, config, situation, place, port):
        return ["nginx", "-p", place.folder, "-c", config]


class NginxStreaming(Nginx):
    """nginx that sends a prompt on while it arrives: cheaper than holding it whole, but then nobody
    has seen the whole of it before the provider does."""

    name = "nginx-streaming"

    def values(self, situation, place):
        return {**super().values(situation, place), "request_buffering": "off",
                "prompt_buffer": "64k"}


class NginxCached(Nginx):
    """nginx that answers from its cache, keyed on the body."""

    name = "nginx-cached"

    def values(self, situation, place):
        return {**super().values(situation, place),
                "zone": f"proxy_cache_path {place.folder}/nginx_cache levels=1:2"
                              " keys_zone=answers:10m inactive=1h use_temp_path=off;",
                "case": (TEMPLATES / "nginx_cache.conf").read_text()}


class NginxRefusing(Nginx):
    """nginx that refuses what is beyond one request a minute of a key."""

    name = "nginx-refusing"

    def values(self, situation, place):
        return {**super().values(situation, place),
                "zone": 'limit_req_zone "$http_authorization" zone=keys:10m rate=1r/m;',
                "case": (TEMPLATES / "nginx_refusing.conf").read_text()}


def _at_least(size, kib):
    return f"{max(kib, -(-size // 1024) + 1)}k"


def _nginx_buffers(answer_bytes):
    """8 KiB buffers for what they hold; else 8 of 64 KiB, tried as the best for 64 KiB and 1 MiB."""
    number, size_kib = (8, 8) if answer_bytes <= 32 * 1024 else (8, 64)
    # nginx wants one buffer to stay free of what is being sent.
    return {"answer_buffers": f"{number} {size_kib}k", "busy_buffers": f"{(number - 1) * size_kib}k"}
