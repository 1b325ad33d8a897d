import type { CheckedImage } from './commands/check-app';
import { actionOf, countLine } from './results-table';
import { textTable } from './text-table';
import { megabytes } from '../engine/report/log-progress';
import { shortDigest } from '../image/image-reference';

const HEADER = ['IMAGE', 'UPSTREAM', 'MIRROR', 'AGE', 'SIZE', 'PLATFORMS', 'NEXT RUN'];

/** What an app mirrors and what its next runs would do, a line for each image. */
export function appTable(images: readonly CheckedImage[]): string {
  const problems = images.filter(({ message }) => message !== undefined).map(({ source, message }) => `${source}: ${message}`);
  return [textTable([HEADER, ...images.map(row)]), '', ...problems, countLine(images)].join('\n');
}

function row(image: CheckedImage): string[] {
  const { builtFrom, description, source, sourceDigest, targetDigest } = image;
  return [
    `${source.replace(/^docker\.io\/(?:library\/)?/, '')}${builtFrom === undefined ? '' : ' customised'}`,
    digest(sourceDigest),
    digest(targetDigest),
    age(description?.created),
    description ? megabytes(description.bytes) : '-',
    description?.platforms.join(' ') || '-',
    actionOf(image),
  ];
}

/** Days since an image was built, as it says itself. */
function age(created: string | undefined): string {
  if (created === undefined) return '-';
  return `${Math.max(0, Math.floor((Date.now() - Date.parse(created)) / 86_400_000))} d`;
}

function digest(text: string | undefined): string {
  return text === undefined ? '-' : shortDigest(text);
}
