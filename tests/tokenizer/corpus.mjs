// Text of four kinds from what a Debian machine has: nothing of it is kept in this tree.
//
// The weights of policy/estimate were fitted to other files: man1 and its like, every second German
// catalogue, other headers and other JSON. What is read here tuned nothing.
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';

const kPieceCharsMax = 60_000;
const kTextBytesMin = 1_500;

function* filesBelow(folder, matches, depth = 6) {
  let entries = [];
  try {
    entries = fs.readdirSync(folder, { withFileTypes: true });
  } catch {
    return;
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory() && depth > 0) yield* filesBelow(file, matches, depth - 1);
    if (entry.isFile() && matches(entry.name)) yield file;
  }
}

function read(file) {
  const bytes = fs.readFileSync(file);
  return (file.endsWith('.gz') ? zlib.gunzipSync(bytes) : bytes).toString('utf8');
}

const kUmlauts = { ':a': 'ä', ':o': 'ö', ':u': 'ü', ':A': 'Ä', ':O': 'Ö', ':U': 'Ü', ss: 'ß' };

// What a reader sees of a manual page, about.
function proseOfManual(source) {
  const lines = [];
  for (const line of source.split('\n')) {
    if (line.startsWith("'") || line.startsWith('.\\"')) continue;
    const request = /^\.(?:B|I|BR|IR|RB|BI|IB|SH|SS|Nm|It|Pp)\s*(.*)/.exec(line);
    if (line.startsWith('.') && !request) continue;
    lines.push(
      (request ? request[1].replaceAll('"', '') : line)
        .replace(/\\f./g, '')
        .replaceAll('\\-', '-')
        .replace(/\\\((:[aouAOU]|ss)/g, (_, name) => kUmlauts[name])
        .replace(/\\\[(:[aouAOU]|ss)\]/g, (_, name) => kUmlauts[name])
        .replace(/\\\[u([0-9A-F]{4})\]/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
        .replace(/\\\[[\w ]+\]|\\\(\w\w/g, '')
        .replace(/\\[&e]/g, ''),
    );
  }
  return lines.join('\n');
}

function* manuals(folder) {
  for (const file of filesBelow(folder, (name) => name.endsWith('.gz'))) {
    const text = proseOfManual(read(file));
    if (text.length > kTextBytesMin) yield text;
  }
}

// The translations of a compiled gettext catalogue (GNU gettext manual, "The Format of GNU MO
// Files").
function translations(file) {
  const bytes = fs.readFileSync(file);
  if (bytes.length < 28 || bytes.readUInt32LE(0) !== 0x950412de) return '';
  const count = bytes.readUInt32LE(8);
  const table = bytes.readUInt32LE(16);
  const texts = [];
  for (let i = 1; i < count; ++i) {
    const size = bytes.readUInt32LE(table + 8 * i);
    const at = bytes.readUInt32LE(table + 8 * i + 4);
    texts.push(bytes.subarray(at, at + size).toString('utf8').replaceAll('\0', '\n'));
  }
  return texts.join('\n');
}

function* german() {
  yield* manuals('/usr/share/man/de');
  const catalogues = [...filesBelow('/usr/share/locale/de/LC_MESSAGES', (name) => name.endsWith('.mo') && !name.startsWith('iso'))];
  for (let i = 1; i < catalogues.length; i += 2) yield translations(catalogues[i]);
}

function* sources(folder, ending) {
  for (const file of filesBelow(folder, (name) => ending.test(name))) {
    const text = read(file);
    if (text.length > kTextBytesMin && !text.includes('\ufffd')) yield text;
  }
}

function* inTurn(...streams) {
  while (streams.length > 0) {
    for (const stream of [...streams]) {
      const next = stream.next();
      if (next.done) streams.splice(streams.indexOf(stream), 1);
      else yield next.value;
    }
  }
}

function* code() {
  yield* inTurn(
    sources('/usr/lib/gcc', /\.h$/),
    sources('/usr/include/c++', /\.(h|tcc)$/),
    sources('/usr/lib/python3.11', /\.py$/),
    sources('/usr/share/cmake-3.25', /\.cmake$/),
  );
}

// The list of installed packages, as records.
function* packages() {
  let records = [];
  for (const paragraph of read('/var/lib/dpkg/status').split('\n\n')) {
    const record = {};
    for (const line of paragraph.split('\n')) {
      const field = /^([A-Z][\w-]*): (.*)/.exec(line);
      if (field) {
        const list = field[2].split(', ');
        record[field[1]] = list.length > 1 ? list : /^\d+$/.test(field[2]) ? Number(field[2]) : field[2];
      }
    }
    records.push(record);
    if (records.length === 20) {
      yield JSON.stringify(records, null, 2);
      records = [];
    }
  }
}

function* json() {
  const documents = inTurn(sources('/usr/share', /\.json$/), packages());
  let number = 0;
  for (const text of documents) {
    let value;
    try {
      value = JSON.parse(text);
    } catch {
      continue;
    }
    const form = number++ % 3;
    yield form === 0 ? text : form === 1 ? JSON.stringify(value) : JSON.stringify(value, null, 2);
  }
}

// Pieces of text until there are so many bytes of them.
function* upTo(bytes, texts) {
  for (const text of texts) {
    const piece = text.slice(0, kPieceCharsMax).toWellFormed();
    yield piece;
    bytes -= Buffer.byteLength(piece);
    if (bytes <= 0) return;
  }
}

export function corpora(bytesEach) {
  const english = inTurn(manuals('/usr/share/man/man7'), manuals('/usr/share/man/man8'), manuals('/usr/share/man/man2'),
    manuals('/usr/share/man/man3'), manuals('/usr/share/man/man5'));
  return {
    english: [...upTo(bytesEach, english)],
    german: [...upTo(bytesEach, german())],
    code: [...upTo(bytesEach, code())],
    json: [...upTo(bytesEach, json())],
  };
}
