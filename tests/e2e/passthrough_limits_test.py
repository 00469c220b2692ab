"""Limits of a provider's keys hold for what passes through too: a key without room is passed over, and who
finds none is told so."""

import unittest

from gateway import Response, request
from resilience_world import Scripted
from upstream import answer

ONE_AN_HOUR = "limits: [{measure: requests, per: hour, value: 1}]"
KEYS = f"""keys:
      - {{name: one, credential: sk-CANARY-one-0123456789, {ONE_AN_HOUR}}}
      - {{name: two, credential: sk-CANARY-two-0123456789, {ONE_AN_HOUR}}}"""


class PassthroughLimits(Scripted):
    def speech(self, gateway):
        with gateway.connect() as connection:
            connection.sendall(request(b'{"input":"hi"}', path="/v1/audio/speech"))
            return Response(connection)

    def test_the_next_key_takes_the_place_of_one_without_room(self):
        gateway = self.gateway(keys=KEYS, extra="passthrough: [{path: '/v1/audio/*', provider: first}]")
        self.scripts["first"] = [answer(b"sound", content_type="audio/mpeg") for _ in range(3)]
        self.assertEqual([self.speech(gateway).status for _ in range(2)], [200, 200])
        used = {sent.all("authorization")[0] for sent in self.upstreams["first"].requests}
        self.assertEqual(used, {"Bearer sk-CANARY-one-0123456789", "Bearer sk-CANARY-two-0123456789"})
        refused = self.speech(gateway)
        self.assertEqual((refused.status, refused.json()["scope"]), (429, "provider_key"))
        self.assertEqual(self.seen("first"), 2)


if __name__ == "__main__":
    unittest.main()
