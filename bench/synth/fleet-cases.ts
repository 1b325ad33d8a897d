import type { FleetCase } from './report';

/** From about 240 images on a stack has no room for the mirror itself, which is in one of its own then. */
export const FLEET_CASES: readonly FleetCase[] = [
  { images: 1, stacks: 1 },
  { images: 10, stacks: 1 },
  { images: 100, stacks: 1 },
  { images: 240, stacks: 1, apart: true },
  { images: 1_000, stacks: 5, apart: true },
];

/** Shows that everything works, and measures nothing. */
export const QUICK_CASES: readonly FleetCase[] = [{ images: 1, stacks: 1 }, { images: 20, stacks: 2 }];
