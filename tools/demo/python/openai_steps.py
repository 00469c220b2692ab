"""What users of OpenAI's official Python SDK do, against the gateway."""

import json
import os

import openai
from checklist import refusal, text

QUESTION = [{"role": "user", "content": "What is a headrace?"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["city", "days"],
        },
    },
}
MODEL = os.environ["DEMO_OPENAI_MODEL"]
EMBEDDING_MODEL = os.environ["DEMO_EMBEDDING_MODEL"]


def client_with(key):
    return openai.OpenAI(base_url=os.environ["DEMO_GATEWAY"] + "/v1", api_key=key, max_retries=0,
                         timeout=20)


client = client_with(os.environ["DEMO_KEY"])


def chat(model=MODEL, sender=client, **more):
    return sender.chat.completions.create(model=model, messages=QUESTION,
                                          max_completion_tokens=60, **more)


def chat_completion():
    answer = chat()
    usage = answer.usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens > 0
    return {"answer": text(answer.choices[0].message.content),
            "usage": f"{usage.prompt_tokens} tokens in, {usage.completion_tokens} out"}


def chat_completion_streaming():
    pieces = []
    for chunk in chat(stream=True):
        # The gateway asks for the usage to meter it; a client that did not ask must not see it.
        assert len(chunk.choices) == 1 and chunk.usage is None, "a chunk that was not asked for"
        pieces.append(chunk.choices[0].delta.content or "")
    assert len(pieces) > 2, f"only {len(pieces)} chunks"
    return {"answer": text("".join(pieces)), "stream": f"{len(pieces)} chunks"}


def chat_completion_streaming_with_usage():
    chunks = list(chat(stream=True, stream_options={"include_usage": True}))
    usage = chunks[-1].usage
    assert usage.completion_tokens > 0
    return {"usage": f"{usage.prompt_tokens} tokens in, {usage.completion_tokens} out"}


def tool_call():
    function = chat(tools=[WEATHER], tool_choice="required").choices[0].message.tool_calls[0].function
    assert function.name == "get_weather"
    json.loads(function.arguments)
    return {"call": f"{function.name}({function.arguments})"}


def responses():
    answer = client.responses.create(model=MODEL, input="What is a tailrace?", store=False,
                                     max_output_tokens=60)
    assert answer.usage.output_tokens > 0
    return {"answer": text(answer.output_text)}


def responses_streaming():
    pieces, final = [], None
    for event in client.responses.create(model=MODEL, input="What is a penstock?", store=False,
                                         max_output_tokens=60, stream=True):
        if event.type == "response.output_text.delta":
            pieces.append(event.delta)
        elif event.type in ("response.completed", "response.incomplete"):
            final = event.response
    assert final is not None, "the stream ended without response.completed"
    return {"answer": text("".join(pieces)), "stream": f"{len(pieces)} pieces, {final.status}"}


def embeddings():
    data = client.embeddings.create(model=EMBEDDING_MODEL, input=["water", "wheel"]).data
    assert len(data) == 2
    return {"vectors": f"{len(data)} of {len(data[0].embedding)} numbers"}


def list_of_models():
    names = [entry.id for entry in client.models.list()]
    assert MODEL in names, f"{MODEL} is not among {names}"
    return {"models": ", ".join(names)}


def a_wrong_key_is_refused():
    return refusal(lambda: chat(sender=client_with("not-a-key")), openai.AuthenticationError)


def an_unknown_model_is_refused():
    return refusal(lambda: chat(model="no-such-model"), openai.NotFoundError)


STEPS = [chat_completion, chat_completion_streaming, chat_completion_streaming_with_usage,
         tool_call, responses, responses_streaming, embeddings, list_of_models,
         a_wrong_key_is_refused, an_unknown_model_is_refused]
