// What users of the official `@anthropic-ai/sdk` package do, against the gateway.

import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';
import { count, refusal, text } from './checklist.mjs';

const messages = [{ role: 'user', content: 'What is a water wheel?' }];

const weather = {
  name: 'get_weather',
  description: 'The weather at a place.',
  input_schema: {
    type: 'object',
    properties: { city: { type: 'string' }, days: { type: 'integer' } },
    required: ['city', 'days'],
  },
};

const textOf = (message) =>
  text(message.content.filter((block) => block.type === 'text').map((block) => block.text).join(''));

export async function anthropicSteps(list, { gateway, key, model }) {
  // authToken: null keeps the SDK from picking up a token of the environment.
  const options = {
    baseURL: gateway, apiKey: key, authToken: null, maxRetries: 0, timeout: 20_000,
  };
  const client = new Anthropic(options);
  const create = (more, from = client) =>
    from.messages.create({ model, messages, max_tokens: 60, ...more });

  await list.step('anthropic: message', async () => {
    const answer = await create();
    return [
      ['answer', textOf(answer)],
      ['usage', `${count(answer.usage.input_tokens, 'input_tokens')} tokens in, ` +
        `${count(answer.usage.output_tokens, 'output_tokens')} out; ` +
        `stop_reason ${text(answer.stop_reason)}`],
    ];
  });

  await list.step('anthropic: message, streaming', async () => {
    let events = 0;
    const stream = client.messages.stream({ model, messages, max_tokens: 60 })
      .on('streamEvent', () => { events += 1; });
    const answer = await stream.finalMessage();
    assert.ok(events > 4, `only ${events} events`);
    return [
      ['answer', textOf(answer)],
      ['stream', `${events} events; ${count(answer.usage.output_tokens, 'output_tokens')} tokens out`],
    ];
  });

  await list.step('anthropic: tool use', async () => {
    const answer = await create({ tools: [weather], tool_choice: { type: 'any' } });
    const use = answer.content.find((block) => block.type === 'tool_use');
    assert.equal(use?.name, 'get_weather');
    assert.equal(answer.stop_reason, 'tool_use');
    return [['call', `${use.name}(${JSON.stringify(use.input)})`]];
  });

  await list.step('anthropic: tool use, streaming', async () => {
    const answer = await client.messages.stream({
      model, messages, max_tokens: 60, tools: [weather], tool_choice: { type: 'any' },
    }).finalMessage();
    const use = answer.content.find((block) => block.type === 'tool_use');
    assert.equal(use?.name, 'get_weather');
    return [['call', `${use.name}(${JSON.stringify(use.input)})`]];
  });

  await list.step('anthropic: count of tokens', async () => {
    const answer = await client.messages.countTokens({ model, messages });
    return [['count', `${count(answer.input_tokens, 'input_tokens')} tokens`]];
  });

  await list.step('anthropic: list of models', async () => {
    const names = [];
    for await (const entry of client.models.list()) names.push(entry.id);
    assert.ok(names.includes(model), `${model} is not among ${names.join(', ')}`);
    return [['models', names.join(', ')]];
  });

  await list.step('anthropic: a wrong key is refused', () =>
    refusal(() => create({}, new Anthropic({ ...options, apiKey: 'not-a-key' })),
      Anthropic.AuthenticationError, 401));

  await list.step('anthropic: an unknown model is refused', () =>
    refusal(() => create({ model: 'no-such-model' }), Anthropic.NotFoundError, 404));
}
