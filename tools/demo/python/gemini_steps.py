"""What users of Google's official Python SDK for Gemini do, against the gateway."""

import os

from checklist import text
from google import genai
from google.genai import errors, types

MODEL = os.environ["DEMO_GEMINI_MODEL"]
QUESTION = "What is a penstock?"


def client_with(key):
    return genai.Client(api_key=key, http_options=types.HttpOptions(
        base_url=os.environ["DEMO_GATEWAY"], timeout=20_000))


client = client_with(os.environ["DEMO_KEY"])


def generate_content():
    answer = client.models.generate_content(model=MODEL, contents=QUESTION)
    usage = answer.usage_metadata
    assert usage.total_token_count > 0
    return {"answer": text(answer.text),
            "usage": f"{usage.prompt_token_count} tokens in, {usage.candidates_token_count} out"}


def generate_content_streaming():
    pieces = [chunk.text or ""
              for chunk in client.models.generate_content_stream(model=MODEL, contents=QUESTION)]
    assert len(pieces) > 1, f"only {len(pieces)} pieces"
    return {"answer": text("".join(pieces)), "stream": f"{len(pieces)} pieces"}


def count_of_tokens():
    counted = client.models.count_tokens(model=MODEL, contents=QUESTION)
    assert counted.total_tokens > 0
    return {"tokens": str(counted.total_tokens)}


def list_of_models():
    names = [entry.name for entry in client.models.list()]
    assert f"models/{MODEL}" in names, f"{MODEL} is not among {names}"
    assert client.models.get(model=MODEL).name == f"models/{MODEL}"
    return {"models": ", ".join(names)}


def refusal(status, call):
    try:
        call()
    except errors.ClientError as error:
        assert error.code == status, f"{error.code} instead of {status}"
        return {type(error).__name__: error.message}
    raise AssertionError("expected a ClientError, but the call succeeded")


def a_wrong_key_is_refused():
    sender = client_with("not-a-key")
    return refusal(401, lambda: sender.models.generate_content(model=MODEL, contents=QUESTION))


def an_unknown_model_is_refused():
    return refusal(404, lambda: client.models.generate_content(model="none", contents=QUESTION))


STEPS = [generate_content, generate_content_streaming, count_of_tokens, list_of_models,
         a_wrong_key_is_refused, an_unknown_model_is_refused]
