import type { BenchReport, CaseResult } from './results';
import { linkTitle } from './table';
import { OURS } from './tools';

const WIDTH = 860;
const LABEL_WIDTH = 130;
const BAR_HEIGHT = 16;
const BAR_GAP = 5;
const TITLE_HEIGHT = 34;
const MARGIN = 20;
const NUMBER_WIDTH = 130;

/** The report as bars, one group for each case and link; wall time, with a thin line from the fastest run to the slowest. */
export function plotOf(report: BenchReport): string {
  const parts: string[] = [];
  let top = MARGIN + 46;
  for (const result of report.results) {
    parts.push(groupOf(result, top));
    top += TITLE_HEIGHT + result.tools.length * (BAR_HEIGHT + BAR_GAP) + 14;
  }
  const subtitle = `${report.machine}; ${report.registry}; median of ${report.runs}, shorter is better`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${top + MARGIN}" viewBox="0 0 ${WIDTH} ${top + MARGIN}" role="img" aria-label="Wall time of copies">
<style>text{font:13px sans-serif;fill:#24292f}.title{font-weight:bold}.note{font-size:11px;fill:#57606a}.ours{fill:#0969da}.peer{fill:#8c959f}.range{stroke:#24292f;stroke-width:1}</style>
<rect width="100%" height="100%" fill="#ffffff"/>
<text class="title" x="${MARGIN}" y="${MARGIN + 14}">Wall time in seconds</text>
<text class="note" x="${MARGIN}" y="${MARGIN + 32}">${escaped(subtitle)}</text>
${parts.join('\n')}
</svg>
`;
}

function groupOf({ title, link, tools }: CaseResult, top: number): string {
  const longest = Math.max(...tools.map(({ wall }) => wall?.max ?? 0), Number.EPSILON);
  const scale = (WIDTH - 2 * MARGIN - LABEL_WIDTH - NUMBER_WIDTH) / longest;
  const left = MARGIN + LABEL_WIDTH;
  const bars = tools.map(({ name, wall }, index) => {
    const y = top + TITLE_HEIGHT + index * (BAR_HEIGHT + BAR_GAP);
    const middle = y + BAR_HEIGHT / 2;
    const label = `<text x="${left - 8}" y="${y + 13}" text-anchor="end">${escaped(name)}</text>`;
    if (!wall) return `${label}<text class="note" x="${left}" y="${y + 13}">not measured</text>`;
    return `${label}<rect class="${name === OURS ? 'ours' : 'peer'}" x="${left}" y="${y}" width="${(wall.median * scale).toFixed(1)}" height="${BAR_HEIGHT}"/>`
      + `<line class="range" x1="${(left + wall.min * scale).toFixed(1)}" x2="${(left + wall.max * scale).toFixed(1)}" y1="${middle}" y2="${middle}"/>`
      + `<text x="${(left + wall.max * scale + 8).toFixed(1)}" y="${y + 13}">${wall.median.toFixed(2)} s</text>`;
  });
  return [`<text class="title" x="${MARGIN}" y="${top + 22}">${escaped(title)} · ${linkTitle(link)}</text>`, ...bars].join('\n');
}

function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
