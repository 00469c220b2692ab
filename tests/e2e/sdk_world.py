"""The official SDKs for tests: installed as tools/run --demo installs them, run in processes of their
own, and a provider that answers each of them in its dialect.

A call is a dict: `sdk` (openai, anthropic, gemini), `key`, `model`; and by choice `stream`, or `gathered`
(OpenAI's: a stream that the SDK itself puts together again), `retries` (those of the SDK; none),
`headers` and `members` (of the body). What comes back for each: `text` and `pieces`, or `error` (its
class and those that it comes from), `status`, `code`, `message`, `request_id`; of a stream also `end`,
why it ended; of OpenAI's whole answers `choices` (index, why it ended, text); in any case `headers` and
`took_ms`."""

import json
import pathlib
import subprocess
import unittest
from concurrent.futures import ThreadPoolExecutor

from upstream import CHAT, FINISH, STREAM_HEAD, USAGE, answer, chunk, delta, event

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
DEMO = ROOT / "build" / "demo"
NODE = ("openai", "anthropic")
PYTHON = ("openai", "anthropic", "gemini")
MODELS = {"openai": "gpt-4o", "anthropic": "claude-x", "gemini": "gemini-x"}


def _install(step):
    script = ("source tools/scripts/terminal.sh; source tools/scripts/sdk_demo.sh; "
              "mkdir -p $demo_folder; exec 9>$demo_folder/lock; flock 9; " + step)
    return subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True).returncode == 0


class Sdks:
    """One language's SDKs. `names` are those that it has."""

    def __init__(self, language, names, command):
        self.language, self.names, self.command = language, names, command

    def tell(self, gateway, asked, callers):
        """What came of the calls of each label, by (label, sdk); all of them in one process, one after
        another. In `key`, CALLER stands for language and SDK. A provider knows who calls by `x-call`."""
        orders = []
        names = [name for name in self.names if name in callers]
        for label, calls in asked.items():
            for name in names:
                caller = f"{self.language}-{name}"
                for call in calls:
                    headers = {"x-call": f"{label}-{caller}", **call.get("headers", {})}
                    orders.append({"sdk": name, "model": MODELS[name], **call, "headers": headers,
                                   "key": call["key"].replace("CALLER", caller)})
        order = {"gateway": f"http://127.0.0.1:{gateway.port}", "calls": orders}
        ran = subprocess.run(self.command, input=json.dumps(order), capture_output=True, text=True, timeout=250)
        if ran.returncode != 0:
            raise AssertionError(f"{self.language}: {ran.stdout}{ran.stderr}")
        told = iter(json.loads(ran.stdout.splitlines()[-1]))
        return {(label, f"{self.language}-{name}"): [next(told) for _ in calls]
                for label, calls in asked.items() for name in names}


class SdkTest(unittest.TestCase):
    """Makes the calls of `asked` with every SDK that can be installed, once; the tests look at what
    came of them. Skipped where no registry is reachable."""

    asked = {}  # by label, a list of calls
    callers = PYTHON  # which SDKs make them
    # The languages call at the same time: for tests in which no caller has to do with another.
    together = False

    @classmethod
    def world(cls):
        """The gateway that is called; what is entered by enterClassContext() lives as long."""
        raise NotImplementedError

    @classmethod
    def setUpClass(cls):
        all_sdks = installed_sdks()
        if not all_sdks:
            raise unittest.SkipTest("no SDK could be installed (build/demo/npm.log, build/demo/pip.log)")
        cls.gateway = cls.world()
        cls.told = {}
        with ThreadPoolExecutor(len(all_sdks) if cls.together else 1) as pool:
            for told in pool.map(lambda sdks: sdks.tell(cls.gateway, cls.asked, cls.callers), all_sdks):
                cls.told.update(told)

    def each(self, label):
        """(sdk, caller, what came of its calls) of every SDK of every language."""
        return [(caller.split("-")[1], caller, told) for (known, caller), told in self.told.items() if known == label]

    def assert_error(self, told, sdk, error, status):
        """`error`: as OpenAI and Anthropic call it; Google tells clients' faults from servers'."""
        if sdk == "gemini":
            error = "ClientError" if status < 500 else "ServerError"
        self.assertIn(error, told.get("error", told), (sdk, told))
        self.assertEqual(told["status"], status, (sdk, told))


def installed_sdks():
    """Those of every registry that is reachable."""
    found = []
    copy = "cmp -s tests/e2e/sdk_calls.mjs $demo_folder/node/sdk_calls.mjs || cp tests/e2e/sdk_calls.mjs $demo_folder/node/"
    if _install(f"install_node_sdks && {{ {copy}; }}"):
        found.append(Sdks("JavaScript", NODE, ["node", DEMO / "node" / "sdk_calls.mjs"]))
    if _install("install_python_sdk && test -f $demo_folder/python/installed.txt"):
        found.append(Sdks("Python", PYTHON, [DEMO / "python" / "bin" / "python", "-B", HERE / "sdk_calls.py"]))
    return found


# --- a provider of every dialect -----------------------------------------------------------------


def dialect_of(seen):
    path = seen.line.split()[1]
    if path.endswith("/messages"):
        return "anthropic"
    return "gemini" if "enerateContent" in path else "openai"


def _anthropic(text):
    return {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "stop_reason": "end_turn",
            "content": [{"type": "text", "text": text}], "usage": {"input_tokens": 11, "output_tokens": 7}}


def _gemini(text):
    return {"candidates": [{"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": "STOP", "index": 0}],
            "usageMetadata": {"promptTokenCount": 11, "candidatesTokenCount": 7, "totalTokenCount": 18}}


def whole_answer(dialect, text="hello"):
    if dialect == "anthropic":
        body = _anthropic(text)
    elif dialect == "gemini":
        body = _gemini(text)
    else:
        body = {**CHAT, "choices": [{**CHAT["choices"][0], "message": {"role": "assistant", "content": text}}]}
    return answer(json.dumps(body).encode())


def _named(kind, **members):
    return f"event: {kind}\n".encode() + event({"type": kind, **members})


def stream_events(dialect, pieces=("hel", "lo")):
    if dialect == "gemini":
        return [event(_gemini(piece)) for piece in pieces]
    if dialect == "openai":
        return [*(event(delta(piece)) for piece in pieces), event(FINISH), event(USAGE), b"data: [DONE]\n\n"]
    start = {**_anthropic(""), "content": [], "stop_reason": None}
    return [
        _named("message_start", message=start),
        _named("content_block_start", index=0, content_block={"type": "text", "text": ""}),
        *(_named("content_block_delta", index=0, delta={"type": "text_delta", "text": piece}) for piece in pieces),
        _named("content_block_stop", index=0),
        _named("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 7}),
        _named("message_stop"),
    ]


def stream_answer(dialect):
    return STREAM_HEAD + b"".join(chunk(each) for each in stream_events(dialect)) + b"0\r\n\r\n"


def caller_of(seen):
    """The label and who calls."""
    label, language, sdk = seen.all("x-call")[0].rsplit("-", 2)
    return label, f"{language}-{sdk}"


def wants_stream(seen):
    return ":streamGenerateContent" in seen.line or b'"stream":true' in seen.body.replace(b" ", b"")


def answered(seen):
    """What a provider that works says to this request."""
    dialect = dialect_of(seen)
    return stream_answer(dialect) if wants_stream(seen) else whole_answer(dialect)


def failure(dialect, status, message="no", headers=(), details=()):
    """As the provider of this dialect says it; `details` are Google's."""
    number = int(status.split()[0])
    body = {
        "openai": {"error": {"message": message, "type": "x", "code": "x"}},
        "anthropic": {"type": "error", "error": {"type": "api_error", "message": message}},
        "gemini": {"error": {"code": number, "message": message, "status": "UNAVAILABLE", "details": list(details)}},
    }[dialect]
    return answer(json.dumps(body).encode(), status=status, headers=headers)
