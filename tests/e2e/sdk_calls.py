"""Makes calls with the official Python SDKs and tells what came of each. Reads
{"gateway": url, "calls": [...]} from standard input (sdk_world.py says what a call has); writes one
JSON array. What is right is judged by the test."""

import json
import sys
import time

QUESTION = "What is a headrace?"
MESSAGES = [{"role": "user", "content": QUESTION}]


class OpenAi:
    def __init__(self, gateway, call):
        import openai

        self.client = openai.OpenAI(base_url=gateway + "/v1", api_key=call["key"], timeout=60,
                                    max_retries=call.get("retries", 0))

    def ask(self, call, told):
        if call.get("gathered"):
            return self.gather(call, told)
        create = self.client.chat.completions.with_raw_response.create
        answer = create(model=call["model"], messages=MESSAGES, max_tokens=20, stream=call.get("stream", False),
                        extra_headers=call.get("headers", {}), **call.get("members", {}))
        told["headers"] = dict(answer.headers)
        if not call.get("stream"):
            return self.whole(answer.parse(), told)
        for chunk in answer.parse():
            told["pieces"].append((chunk.choices[0].delta.content or "") if chunk.choices else "")
            told["end"] = (chunk.choices[0].finish_reason if chunk.choices else None) or told.get("end")
        return "".join(told["pieces"])

    def gather(self, call, told):
        with self.client.chat.completions.stream(model=call["model"], messages=MESSAGES, max_tokens=20,
                                                 extra_headers=call.get("headers", {}), **call.get("members", {})) as stream:
            for _ in stream:
                pass
            # Asked for its final completion, it raises an error of every one that has reached its cap.
            return self.whole(stream.current_completion_snapshot, told)

    @staticmethod
    def whole(answer, told):
        told["choices"] = [[choice.index, choice.finish_reason, choice.message.content] for choice in answer.choices]
        return answer.choices[0].message.content


class Anthropic:
    def __init__(self, gateway, call):
        import anthropic

        self.client = anthropic.Anthropic(base_url=gateway, api_key=call["key"], timeout=60,
                                          max_retries=call.get("retries", 0))

    def ask(self, call, told):
        create = self.client.messages.with_raw_response.create
        answer = create(model=call["model"], messages=MESSAGES, max_tokens=20, stream=call.get("stream", False),
                        extra_headers=call.get("headers", {}), **call.get("members", {}))
        told["headers"] = dict(answer.headers)
        if not call.get("stream"):
            return answer.parse().content[0].text
        for event in answer.parse():
            told["pieces"].append(event.delta.text if event.type == "content_block_delta" else "")
            told["end"] = event.delta.stop_reason if event.type == "message_delta" else told.get("end")
        return "".join(told["pieces"])


class Gemini:
    def __init__(self, gateway, call):
        from google import genai
        from google.genai import types

        options = types.HttpOptions(base_url=gateway, timeout=60_000, headers=call.get("headers", {}))
        self.client = genai.Client(api_key=call["key"], http_options=options)

    def ask(self, call, told):
        if call.get("stream"):
            for chunk in self.client.models.generate_content_stream(model=call["model"], contents=QUESTION):
                told["pieces"].append(chunk.text or "")
                reason = chunk.candidates[0].finish_reason
                told["end"] = reason.value if reason else told.get("end")
            return "".join(told["pieces"])
        answer = self.client.models.generate_content(model=call["model"], contents=QUESTION)
        told["headers"] = dict(answer.sdk_http_response.headers or {})
        return answer.text


SDKS = {"openai": OpenAi, "anthropic": Anthropic, "gemini": Gemini}


def tell(gateway, call):
    told = {"pieces": []}
    sdk = SDKS[call["sdk"]](gateway, call)
    begun = time.monotonic()
    try:
        told["text"] = sdk.ask(call, told)
    except Exception as error:  # its class is what is asked about
        told["error"] = [each.__name__ for each in type(error).__mro__]
        # What google-genai calls code is the status, and its status a word.
        told["status"] = getattr(error, "status_code", None) or getattr(error, "code", None)
        told["code"] = getattr(error, "status", None) or getattr(error, "code", None)
        told["message"] = str(getattr(error, "message", error))
        told["request_id"] = getattr(error, "request_id", None)
        told["details"] = getattr(error, "details", None)
        response = getattr(error, "response", None)
        told["headers"] = dict(getattr(response, "headers", None) or {})
    told["took_ms"] = 1000 * (time.monotonic() - begun)
    told["headers"] = {name.lower(): value for name, value in told.get("headers", {}).items()}
    return told


def main():
    order = json.load(sys.stdin)
    print(json.dumps([tell(order["gateway"], call) for call in order["calls"]], default=str))


if __name__ == "__main__":
    main()
