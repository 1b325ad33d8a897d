import { parsePlatform } from './platform';

/** A processor that builds of AWS CodeBuild run on. */
export type ProcessorName = 'x86_64' | 'arm64';

/** All of them. */
export const PROCESSORS: readonly ProcessorName[] = ['x86_64', 'arm64'];

/** The architectures of images whose commands each processor runs by itself. */
const ARCHITECTURES: Readonly<Record<ProcessorName, readonly string[]>> = { x86_64: ['amd64', '386'], arm64: ['arm64'] };

/** The platform of images that people mean when they name a processor. */
export function platformOfProcessor(processor: ProcessorName): string {
  return `linux/${ARCHITECTURES[processor][0]}`;
}

/** The processor that runs a platform's commands; undefined for none. */
export function processorOfPlatform(text: string): ProcessorName | undefined {
  const platform = parsePlatform(text);
  return PROCESSORS.find((processor) => platform?.os === 'linux' && ARCHITECTURES[processor].includes(platform.architecture));
}
