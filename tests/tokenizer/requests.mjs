// Writes chat requests over the corpora, a line each: kind, tokens by cl100k_base and by o200k_base
// (as OpenAI counts a chat: three around each message and three to begin the answer), body.
import fs from 'node:fs';
import { encode as cl100k } from 'gpt-tokenizer/encoding/cl100k_base';
import { encode as o200k } from 'gpt-tokenizer/encoding/o200k_base';
import { corpora } from './corpus.mjs';

const kBytesEach = 1_200_000;

let state = 20261127;
function chance() {
  state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
  return state / 0x80000000;
}

// One of many sizes, small ones as often as large ones.
const pieceChars = () => Math.floor(150 * Math.exp(chance() * Math.log(80)));

function messagesOf(text) {
  const messages = [{ role: 'system', content: 'You are a helpful assistant.' }];
  const cut = chance() < 0.3 ? Math.floor(text.length * 0.3) : 0;
  if (cut > 0) {
    messages.push({ role: 'user', content: text.slice(0, cut).toWellFormed() });
    messages.push({ role: 'assistant', content: 'Go on.' });
  }
  messages.push({ role: 'user', content: text.slice(cut).toWellFormed() });
  return messages;
}

const count = (encode, messages) =>
  3 + messages.reduce((sum, { role, content }) => sum + 3 + encode(role).length + encode(content).length, 0);

// As clients write that keep to ASCII.
const inAscii = (body) =>
  body.replace(/[\u0080-\uffff]/g, (c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'));

const lines = [];
for (const [kind, texts] of Object.entries(corpora(kBytesEach))) {
  let bytes = 0;
  for (const text of texts) {
    for (let at = 0; at < text.length; ) {
      const piece = text.slice(at, at + pieceChars()).toWellFormed();
      at += piece.length;
      if (piece.length < 100) continue;
      const messages = messagesOf(piece);
      const body = JSON.stringify({ model: 'm', messages, temperature: 0.2 });
      lines.push(`${kind}\t${count(cl100k, messages)}\t${count(o200k, messages)}\t${chance() < 0.15 ? inAscii(body) : body}`);
      bytes += Buffer.byteLength(piece);
    }
  }
  console.log(`${kind}: ${bytes} bytes`);
}
fs.writeFileSync(process.argv[2], lines.join('\n') + '\n');
