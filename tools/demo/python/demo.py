"""Lets the official Python SDKs of OpenAI, Anthropic and Google talk to a running gateway.

From the environment: DEMO_GATEWAY (http://host:port), DEMO_KEY and the model names. Exits 0 if
every step passed; the last line is "N passed, M failed".
"""

import sys

import anthropic_steps
import gemini_steps
import openai_steps
from checklist import run


def main():
    results = [run(sdk, step)
               for sdk, steps in (("openai", openai_steps.STEPS),
                                  ("anthropic", anthropic_steps.STEPS),
                                  ("google-genai", gemini_steps.STEPS))
               for step in steps]
    print(f"{results.count(True)} passed, {results.count(False)} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
