"""What a proxy can cost at least: bare programs on the seam that headrace stands on, and none."""

from compare_lib.peer import Peer


class Relay(Peer):
    """Bytes from one connection to another, on the seam that headrace stands on, and nothing else."""

    name = "relay"
    program = "headrace-relay"

    def command(self, config, situation, place, port):
        host, provider_port = place.provider
        return [place.programs / self.program, "--listen", f"127.0.0.1:{port}",
                "--upstream", f"{host}:{provider_port}"]


class RelayByHand(Relay):
    """The same without the seam, straight onto liburing: what the seam is measured against."""

    name = "relay-by-hand"
    program = "headrace-relay-by-hand"


class RelayByEpoll(Relay):
    """The same without io_uring, on epoll: what the kernel takes at least, whichever way it is asked."""

    name = "relay-by-epoll"
    program = "headrace-relay-by-epoll"


class Responder(Peer):
    """A server on the seam that answers every request with one fixed text: no refusal costs less."""

    name = "responder"
    answer_bytes = 500   # of the body, about as many as those of headrace's refusals

    def command(self, config, situation, place, port):
        return [place.programs / "headrace-respond", "--listen", f"127.0.0.1:{port}",
                "--status", "429", "--answer-bytes", str(self.answer_bytes)]


class Direct(Peer):
    """No proxy: what the load and the provider take by themselves."""

    name = "direct"
    direct = True
