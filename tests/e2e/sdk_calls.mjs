// Makes calls with the official JavaScript SDKs and tells what came of each. Reads
// {"gateway": url, "calls": [...]} from standard input (sdk_world.py says what a call has); writes one
// JSON array. What is right is judged by the test.

import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';

const { gateway, calls } = JSON.parse(await new Response(process.stdin).text());
const messages = [{ role: 'user', content: 'What is a headrace?' }];

const sdks = {
  openai: {
    client: (options) => new OpenAI({ baseURL: `${gateway}/v1`, ...options }),
    ask: (client, asked, options) => client.chat.completions.create({ messages, max_tokens: 20, ...asked }, options),
    text: (answer) => answer.choices[0].message.content,
    piece: (event) => event.choices[0]?.delta?.content ?? '',
    end: (event) => event.choices[0]?.finish_reason,
    gather: (client, asked, options) =>
      client.chat.completions.stream({ messages, max_tokens: 20, ...asked }, options).finalChatCompletion(),
    choices: (answer) => answer.choices.map((choice) => [choice.index, choice.finish_reason, choice.message.content]),
  },
  anthropic: {
    client: (options) => new Anthropic({ baseURL: gateway, ...options }),
    ask: (client, asked, options) => client.messages.create({ messages, max_tokens: 20, ...asked }, options),
    text: (answer) => answer.content[0].text,
    piece: (event) => (event.type === 'content_block_delta' ? event.delta.text : ''),
    end: (event) => event.type === 'message_delta' && event.delta.stop_reason,
  },
};

const classesOf = (error) => {
  const names = [];
  for (let at = error.constructor; at?.name; at = Object.getPrototypeOf(at)) names.push(at.name);
  return names;
};

async function tell(call) {
  const sdk = sdks[call.sdk];
  const told = { pieces: [] };
  const begun = performance.now();
  try {
    const client = sdk.client({ apiKey: call.key, maxRetries: call.retries ?? 0, timeout: 60_000 });
    const asked = { model: call.model, ...call.members, ...(call.stream ? { stream: true } : {}) };
    const options = { headers: call.headers ?? {} };
    const answer = call.gathered
      ? { data: await sdk.gather(client, asked, options), response: { headers: [] } }
      : await sdk.ask(client, asked, options).withResponse();
    const { data, response } = answer;
    told.headers = Object.fromEntries(response.headers);
    if (call.stream) {
      for await (const event of data) {
        told.pieces.push(sdk.piece(event));
        told.end = sdk.end(event) || told.end;
      }
      told.text = told.pieces.join('');
    } else {
      told.text = sdk.text(data);
      told.choices = sdk.choices?.(data);
    }
  } catch (error) {
    told.error = classesOf(error);
    told.status = error.status ?? null;
    told.code = error.code ?? error.error?.code ?? error.error?.error?.type ?? null;
    told.message = error.message;
    told.request_id = error.requestID ?? null;
    if (error.headers) told.headers = Object.fromEntries(error.headers);
  }
  told.took_ms = performance.now() - begun;
  return told;
}

const answers = [];
for (const call of calls) answers.push(await tell(call));
console.log(JSON.stringify(answers));
