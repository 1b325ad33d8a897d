import { FixtureImage, multiPlatformImage, singleImage } from './fixture-images';
import { LocalRegistry } from './local-registry';
import { mirror, MirroringOptions } from './mirroring';
import type { MirrorResult } from '../../src/engine/result';

/** Bytes of the layer that faults befall: enough pieces for each of them to have a middle. */
export const LAYER_BYTES = 200_000;
/** What upstream has. */
export const IMAGE = multiPlatformImage({ layers: 1, layerBytes: LAYER_BYTES });
/** What the target's tag names before a run. */
export const OLD = singleImage({ seed: 'old' });

/** Which of the two registries. */
export type Side = 'upstream' | 'target';

/** An upstream registry with an image, and a target whose tag names an older one. */
export class RegistryPair {
  constructor(readonly upstream = new LocalRegistry(), readonly target = new LocalRegistry()) {}

  async start(): Promise<this> {
    await Promise.all([this.upstream.start(), this.target.start()]);
    this.upstream.push('app', 'latest', IMAGE);
    this.target.push('mirror/app', 'latest', OLD);
    return this;
  }

  /** Brings the target up to date. */
  run(options: MirroringOptions = {}): Promise<MirrorResult> {
    return mirror(`${this.upstream.host}/app:latest`, `${this.target.host}/mirror/app:latest`, options);
  }

  /** The digest that the target's tag names. */
  get tagDigest(): string | undefined {
    return this.target.tagDigest('mirror/app', 'latest');
  }

  /** Whether everything that an image needs is at the target, with the same bytes. */
  holds(image: FixtureImage): boolean {
    return this.target.holds('mirror/app', image);
  }

  /** What went wrong in the registries themselves, which is never meant. */
  get errors(): unknown[] {
    return [...this.upstream.errors, ...this.target.errors];
  }

  async close(): Promise<void> {
    await Promise.all([this.upstream.close(), this.target.close()]);
  }
}
