// The daemon's log: one line an event on stderr, which systemd keeps. Text from outside cannot start a line of its own.

export type Log = (event: string, facts?: Readonly<Record<string, unknown>>) => void;

/** The longest text of one fact, in characters. */
const factCharactersMax = 500;

/** Makes a log that writes lines like `model-installed name="shapes" version=2`. */
export function createLog(write: (line: string) => void): Log {
  return (event, facts = {}) => {
    const pairs = Object.entries(facts).map(([name, value]) => ` ${name}=${printFact(value)}`);
    write(`${new Date().toISOString()} ${event}${pairs.join('')}\n`);
  };
}

/** A value on one line: control characters, and what terminals or viewers take for line ends, are escaped. */
export function printFact(value: unknown): string {
  const text = JSON.stringify(typeof value === 'bigint' ? String(value) : value) ?? 'undefined';
  const short = text.length > factCharactersMax ? `${text.slice(0, factCharactersMax)}…` : text;
  // JSON escapes C0 only; DEL, C1 and the Unicode line separators and direction marks are ours to escape.
  return short.replace(
    /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The same for a line that people read on a terminal: no quotes, no control characters. */
export function plainText(text: string): string {
  return printFact(text).slice(1).replace(/"$/, '').replace(/\\"/g, '"');
}

/** As in `1 object`, `2 objects`. */
export function printCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
