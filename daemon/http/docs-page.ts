// The page that tells the interface to people. Everything in it comes from the OpenAPI document.

import type { DescribedOperation, DescribedParameter, OpenapiDocument } from './openapi.js';

export const style = `
:root { color-scheme: light dark; --line: #8886; --soft: #8882; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code { font-family: ui-monospace, monospace; }
section { border: 1px solid var(--line); border-radius: .5rem; margin: 1rem 0; padding: .6rem 1rem; }
h2 { font-size: 1.05rem; margin: 0; }
h2 b { display: inline-block; min-width: 4.5rem; }
p { margin: .3rem 0; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; }
th, td { text-align: left; vertical-align: top; padding: .2rem .8rem .2rem 0; border-top: 1px solid var(--line); }
summary { cursor: pointer; }
pre { background: var(--soft); padding: .6rem; overflow: auto; border-radius: .3rem; }
`;

/** @returns HTML with one style and no script */
export function printDocs(document: OpenapiDocument): string {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => printOperation(method, path, operation)),
  );
  const { title, version, description } = document.info;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)} ${escapeHtml(version)}</title><style>${style}</style></head>
<body><h1>${escapeHtml(title)} ${escapeHtml(version)}</h1><p>${escapeHtml(description)}</p>
<p>For programs: <a href="/openapi.json"><code>/openapi.json</code></a>. Off loopback every request bears
<code>Authorization: Bearer KEY</code>. Errors are <code>{"error":{"code","message"}}</code>.</p>
${operations.join('\n')}
</body></html>
`;
}

function printOperation(method: string, path: string, operation: DescribedOperation): string {
  const { summary, parameters, responses } = operation;
  const rows = parameters.map(printParameter).join('');
  const table = rows === '' ? '' : `<table><tr><th>parameter</th><th>what it may be</th><th>meaning</th></tr>${rows}</table>`;
  const [[status = '', answer] = []] = Object.entries(responses);
  const failures = Object.keys(responses).filter((each) => each !== status);
  return `<section><h2><b>${escapeHtml(method.toUpperCase())}</b> <code>${escapeHtml(path)}</code></h2><p>${escapeHtml(summary)}</p>${table}
<p>${escapeHtml(status)}, or ${escapeHtml(failures.join(', '))}</p>
<details><summary>answer</summary><pre>${escapeHtml(JSON.stringify(answer, null, 2))}</pre></details></section>`;
}

function printParameter({ name, in: place, required, description = '', schema }: DescribedParameter): string {
  const { type, minimum, maximum, default: usual } = schema;
  const limits = minimum === undefined ? '' : ` ${minimum} to ${maximum}`;
  const without = usual === undefined ? '' : `; without it ${usual}`;
  const kind = `${String(type)}${limits}${without}${required ? ', needed' : ''}`;
  return `<tr><td><code>${escapeHtml(name)}</code></td><td>${escapeHtml(kind)}</td><td>${escapeHtml(description || `in the ${place}`)}</td></tr>`;
}

function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.replace(/[&<>"']/g, (mark) => entities[mark] ?? mark);
}
