/** A module for `node --import` that writes the peak of resident memory to stderr when the process ends. Only Linux records it. */
export const PEAK_MODULE = `data:text/javascript,${encodeURIComponent(`
  import { readFileSync, writeSync } from 'node:fs';
  process.on('exit', () => writeSync(2, '\\n' + /VmHWM:.*/.exec(readFileSync('/proc/self/status', 'utf8'))[0] + '\\n'));
`)}`;

/** The peak of resident memory in bytes, from the stderr of a process with `PEAK_MODULE`. */
export function peakBytes(stderr: string): number {
  const peak = /VmHWM:\s*([0-9]+) kB/.exec(stderr);
  if (!peak) throw new Error(`the process wrote no peak of memory: ${stderr}`);
  return Number(peak[1]) * 1024;
}
