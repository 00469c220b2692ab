"""What tests of the process as such ask of a gateway."""

import time

from gateway import Response, chat, request

MASTER_KEY = "0123456789abcdef" * 4


def ask(gateway, model="gpt-4o"):
    with gateway.connect() as connection:
        connection.sendall(request(chat(model=model)))
        return Response(connection)


def wait_for(predicate, seconds=60):
    deadline = time.monotonic() + seconds
    while not predicate():
        if time.monotonic() > deadline:
            raise AssertionError("it does not come")
        time.sleep(0.01)
