// What users of the official `openai` package do, against the gateway.

import assert from 'node:assert/strict';
import OpenAI from 'openai';
import { count, refusal, text } from './checklist.mjs';

const question = [
  { role: 'system', content: 'Answer in two sentences.' },
  { role: 'user', content: 'What is a headrace?' },
];

const weather = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'The weather at a place.',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' }, days: { type: 'integer' } },
      required: ['city', 'days'],
    },
  },
};

export async function openaiSteps(list, { gateway, key, model, embeddingModel }) {
  const options = { baseURL: `${gateway}/v1`, apiKey: key, maxRetries: 0, timeout: 20_000 };
  const client = new OpenAI(options);
  const chat = (more, from = client) =>
    from.chat.completions.create({ model, messages: question, max_completion_tokens: 60, ...more });

  await list.step('openai: chat completion', async () => {
    const answer = await chat();
    const { usage } = answer;
    assert.equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
    return [
      ['answer', text(answer.choices[0].message.content)],
      ['usage', `${count(usage.prompt_tokens, 'prompt_tokens')} tokens in, ` +
        `${count(usage.completion_tokens, 'completion_tokens')} out; ` +
        `finish_reason ${text(answer.choices[0].finish_reason)}`],
    ];
  });

  await list.step('openai: chat completion, streaming', async () => {
    const pieces = [];
    let finish;
    for await (const chunk of await chat({ stream: true })) {
      // The gateway asks for the usage to meter it; a client that did not ask must not see it.
      assert.equal(chunk.choices.length, 1, 'a chunk that was not asked for');
      assert.ok(!chunk.usage, 'a usage that was not asked for');
      pieces.push(chunk.choices[0].delta.content ?? '');
      finish = chunk.choices[0].finish_reason ?? finish;
    }
    assert.ok(pieces.length > 2, `only ${pieces.length} chunks`);
    return [['answer', text(pieces.join(''))],
      ['stream', `${pieces.length} chunks; finish_reason ${text(finish)}`]];
  });

  await list.step('openai: chat completion, streaming with usage', async () => {
    let usage;
    for await (const chunk of await chat({ stream: true, stream_options: { include_usage: true } })) {
      if (chunk.usage) usage = chunk.usage;
    }
    assert.ok(usage, 'no usage came');
    return [['usage', `${count(usage.prompt_tokens, 'prompt_tokens')} tokens in, ` +
      `${count(usage.completion_tokens, 'completion_tokens')} out`]];
  });

  await list.step('openai: tool call', async () => {
    const answer = await chat({ tools: [weather], tool_choice: 'required' });
    const [call] = answer.choices[0].message.tool_calls;
    assert.equal(call.function.name, 'get_weather');
    JSON.parse(call.function.arguments);
    return [['call', `${call.function.name}(${call.function.arguments})`]];
  });

  await list.step('openai: tool call, streaming', async () => {
    const stream = client.chat.completions.stream({
      model, messages: question, tools: [weather], tool_choice: 'required',
    });
    const { choices } = await stream.finalChatCompletion();
    const [call] = choices[0].message.tool_calls;
    assert.equal(call.function.name, 'get_weather');
    JSON.parse(call.function.arguments);
    return [['call', `${call.function.name}(${call.function.arguments})`]];
  });

  await list.step('openai: responses', async () => {
    const answer = await client.responses.create({
      model, input: 'What is a tailrace?', max_output_tokens: 60, store: false,
    });
    return [
      ['answer', text(answer.output_text)],
      ['usage', `${count(answer.usage.input_tokens, 'input_tokens')} tokens in, ` +
        `${count(answer.usage.output_tokens, 'output_tokens')} out`],
    ];
  });

  await list.step('openai: responses, streaming', async () => {
    const stream = await client.responses.create({
      model, input: 'What is a penstock?', max_output_tokens: 60, store: false, stream: true,
    });
    let joined = '', events = 0, final;
    for await (const event of stream) {
      events += 1;
      if (event.type === 'response.output_text.delta') joined += event.delta;
      if (/^response\.(completed|incomplete)$/.test(event.type)) final = event.response;
    }
    assert.ok(final, 'the stream ended without response.completed');
    count(final.usage.output_tokens, 'output_tokens');
    return [['answer', text(joined)], ['stream', `${events} events, ${final.status}`]];
  });

  await list.step('openai: embeddings', async () => {
    const answer = await client.embeddings.create({ model: embeddingModel, input: ['water', 'wheel'] });
    assert.equal(answer.data.length, 2);
    const [first] = answer.data;
    assert.ok(first.embedding.every(Number.isFinite), 'a coordinate that is no number');
    return [['vectors', `${answer.data.length} of ${first.embedding.length} numbers, ` +
      `${first.embedding.slice(0, 3).map((n) => n.toFixed(4)).join(', ')} ...`]];
  });

  await list.step('openai: list of models', async () => {
    const names = [];
    for await (const entry of client.models.list()) names.push(entry.id);
    assert.ok(names.includes(model), `${model} is not among ${names.join(', ')}`);
    return [['models', names.join(', ')]];
  });

  await list.step('openai: a wrong key is refused', () =>
    refusal(() => chat({}, new OpenAI({ ...options, apiKey: 'not-a-key' })),
      OpenAI.AuthenticationError, 401));

  await list.step('openai: an unknown model is refused', () =>
    refusal(() => chat({ model: 'no-such-model' }), OpenAI.NotFoundError, 404));
}
