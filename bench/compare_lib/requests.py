"""The requests that are sent: a chat request of an exact size, as bytes and as files for the load."""

import json

KEY = "hr-bench-key-0123456789"
MODEL = "bench-chat"
CHAT_PATH = "/v1/chat/completions"
# Listed in headrace's config under passthrough: nobody looks into what comes from there.
OPAQUE_PATH = "/v1/opaque/object"

WORDS = ("The wheel turns because the headrace brings water to it and the tailrace takes it away. "
         "What would you change if the river carried half as much in summer? ")


def chat_body(size, stream=False):
    """A chat request of exactly `size` bytes."""
    def body(text):
        return json.dumps({
            "model": MODEL, "stream": stream, "temperature": 0.7,
            "messages": [{"role": "system", "content": "You are a miller. Answer in one paragraph."},
                         {"role": "user", "content": text}]}, separators=(",", ":")).encode()
    room = size - len(body(""))
    if room < 0:
        raise ValueError(f"a chat request needs at least {len(body(''))} bytes")
    text = (WORDS * (room // len(WORDS) + 1))[:room]
    return body(text)


# As the official SDKs send them, more or less: what a proxy has to read.
SDK_HEADERS = {
    "Accept": "application/json",
    "X-Stainless-Lang": "js",
    "X-Stainless-Package-Version": "6.49.0",
    "X-Stainless-OS": "Linux",
    "X-Stainless-Arch": "x64",
    "X-Stainless-Runtime": "node",
    "X-Stainless-Runtime-Version": "v18.20.4",
    "X-Stainless-Retry-Count": "0",
}


def request_bytes(path, host, body, more_headers=None):
    """One request as it goes over the wire."""
    lines = [f"POST {path} HTTP/1.1"]
    headers = {"Host": host, "Content-Type": "application/json", "Authorization": f"Bearer {KEY}",
               **SDK_HEADERS, **(more_headers or {})}
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body
