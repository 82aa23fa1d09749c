// A profile as a bar chart: one bar a launch, as long as its time, darker the closer it comes to the peak. All text is escaped.

import type { Profile } from '../../runtime/index.js';

const rowHeight = 18;
const labelWidth = 260;
const barWidthMax = 520;
const width = 900;
const headHeight = 40;
/** Characters of a label that fit before the bars. */
const labelCharactersMax = 40;

export function drawProfile(model: string, { launches, totalNs, peakFlopsPerNs, threads }: Profile): string {
  const longest = Math.max(1, ...launches.map(({ nanoseconds }) => nanoseconds));
  const rows = launches.map(({ title, nanoseconds, share, flops, peakShare, schedule }, i) => {
    const y = headHeight + i * rowHeight;
    const length = (nanoseconds / longest) * barWidthMax;
    const rate = flops === 0 ? '' : `, ${(flops / nanoseconds).toFixed(0)} GFLOP/s, ${(peakShare * 100).toFixed(0)} % of peak`;
    const text = `${(nanoseconds / 1e3).toFixed(1)} us, ${(share * 100).toFixed(1)} %${rate}`;
    return `<g><title>${escapeXml(`${title}: ${schedule}`)}</title>
<text x="${labelWidth - 8}" y="${y + 13}" text-anchor="end">${escapeXml(title.slice(0, labelCharactersMax))}</text>
<rect x="${labelWidth}" y="${y + 2}" width="${Math.max(1, length).toFixed(1)}" height="${rowHeight - 4}" fill="${colorOf(flops, peakShare)}"/>
<text x="${(labelWidth + length + 6).toFixed(1)}" y="${y + 13}">${escapeXml(text)}</text></g>`;
  });
  const head = `${model}: ${(totalNs / 1e6).toFixed(3)} ms with ${threads} threads, peak ${peakFlopsPerNs.toFixed(0)} GFLOP/s`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width + 200}" height="${headHeight + launches.length * rowHeight + 10}" font-family="sans-serif" font-size="11">
<text x="10" y="24" font-size="14">${escapeXml(head)}</text>
${rows.join('\n')}
</svg>
`;
}

/** Grey where nothing is multiplied. */
function colorOf(flops: number, peakShare: number): string {
  if (flops === 0) return '#9aa5b1';
  const light = 75 - 40 * Math.min(1, Math.max(0, peakShare));
  return `hsl(210, 70%, ${light.toFixed(0)}%)`;
}

function escapeXml(text: string): string {
  const signs: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };
  // Control characters are not allowed in XML at all.
  return text.replace(/\p{Cc}/gu, ' ').replace(/[&<>"']/g, (sign) => signs[sign] ?? '');
}
