"""What is sent through the proxies: the one description that peers, provider and load are set by."""

import dataclasses

KIB = 1024
MIB = 1024 * KIB


@dataclasses.dataclass(frozen=True)
class Situation:
    connections: int = 64
    prompt_bytes: int = 1500
    answer_bytes: int = 1100       # of the whole body, metadata included
    opaque: bool = False           # a body that nobody needs to understand
    tls: bool = False              # between load and proxy; the provider is always plain
    new_connections: bool = False  # a connection for each request
    latency_ms: int = 0            # of the provider
    events_per_second: int = 0     # of one stream; 0: answers are not streamed
    events: int = 0                # of one stream, before it ends
    stall: bool = False            # streams fall silent after their first events
    refused: bool = False          # the proxy is to answer 429

    @property
    def stream(self):
        return self.events_per_second > 0
