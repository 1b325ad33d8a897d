/** A terminal with text in it, as SVG. */

const CHARACTER = 7.3; // the width of a character at 12 px
const LINE = 17;
const MARGIN = 16;
const TITLE_BAR = 30;
const LONGEST = 140; // longer lines continue on the next

/** Words that get a color. */
const COLORS: ReadonlyArray<readonly [words: RegExp, color: string]> = [
  [/\b(?:copied|Image Mirrored)\b/g, 'good'],
  [/\b(?:unchanged|Image Unchanged)\b/g, 'calm'],
  [/\b(?:tag-moved|Upstream Tag Moved)\b/g, 'bad'],
  [/^(?:Round \d.*|\$ .*)$/g, 'bold'],
];

export function terminalPicture(text: string, title: string): string {
  const lines = text.trimEnd().split('\n').flatMap(wrapped);
  const width = Math.ceil(Math.max(...lines.map((line) => line.length)) * CHARACTER) + 2 * MARGIN;
  const height = TITLE_BAR + lines.length * LINE + MARGIN;
  const rows = lines.map((line, index) => line === '' ? '' : `<text x="${MARGIN}" y="${TITLE_BAR + (index + 1) * LINE}">${colored(line)}</text>`);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}"`
    + ' font-family="ui-monospace,Menlo,Consolas,DejaVu Sans Mono,monospace" font-size="12" xml:space="preserve">',
    '<style>text{fill:#d4d9e0;white-space:pre}'
    + '.good{fill:#7ee787}.calm{fill:#79c0ff}.bad{fill:#ffa657}.bold{fill:#ffffff;font-weight:bold}</style>',
    '<rect width="100%" height="100%" rx="8" fill="#161b22"/>',
    ...['#ff5f56', '#ffbd2e', '#27c93f'].map((color, index) => `<circle cx="${MARGIN + 6 + index * 18}" cy="15" r="5" fill="${color}"/>`),
    ...rows.filter((row) => row !== ''),
    '</svg>',
    '',
  ].join('\n');
}

/** The line in pieces that fit. */
function wrapped(line: string): string[] {
  if (line.length <= LONGEST) return [line];
  const space = line.lastIndexOf(' ', LONGEST);
  const end = space > 0 ? space : LONGEST;
  return [line.slice(0, end), ...wrapped(line.slice(end).trimStart())];
}

function colored(line: string): string {
  return COLORS.reduce((text, [words, color]) => text.replace(words, (word) => `<tspan class="${color}">${word}</tspan>`), escaped(line));
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
