"""What users of Anthropic's official Python SDK do, against the gateway."""

import os

import anthropic
from checklist import refusal, text

MODEL = os.environ["DEMO_ANTHROPIC_MODEL"]
ASKED = {"max_tokens": 60, "messages": [{"role": "user", "content": "What is a water wheel?"}]}


def client_with(key):
    return anthropic.Anthropic(base_url=os.environ["DEMO_GATEWAY"], api_key=key, max_retries=0,
                               timeout=20)


client = client_with(os.environ["DEMO_KEY"])


def message():
    answer = client.messages.create(model=MODEL, **ASKED)
    assert answer.usage.output_tokens > 0
    return {"answer": text(answer.content[0].text),
            "usage": f"{answer.usage.input_tokens} tokens in, {answer.usage.output_tokens} out"}


def message_streaming():
    with client.messages.stream(model=MODEL, **ASKED) as stream:
        pieces = list(stream.text_stream)
        answer = stream.get_final_message()
    assert len(pieces) > 2, f"only {len(pieces)} pieces"
    return {"answer": text("".join(pieces)), "stream": f"{len(pieces)} pieces, {answer.stop_reason}"}


def count_of_tokens():
    counted = client.messages.count_tokens(model=MODEL, messages=ASKED["messages"])
    assert counted.input_tokens > 0
    return {"tokens": str(counted.input_tokens)}


def a_wrong_key_is_refused():
    return refusal(lambda: client_with("not-a-key").messages.create(model=MODEL, **ASKED),
                   anthropic.AuthenticationError)


def an_unknown_model_is_refused():
    return refusal(lambda: client.messages.create(model="no-such-model", **ASKED),
                   anthropic.NotFoundError)


STEPS = [message, message_streaming, count_of_tokens, a_wrong_key_is_refused,
         an_unknown_model_is_refused]
