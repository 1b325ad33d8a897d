import { IImageMirror } from './mirror-interfaces';
import { quote } from '../image/sanitize';

/**
 * Parts of one kind that the mirrors of the app have, for example their repositories.
 *
 * A feature takes an `IImageMirror` and finds here what it needs. A mirror of another app has no parts in this one.
 */
export class MirrorParts<Part> {
  private readonly parts = new WeakMap<IImageMirror, Part>();

  /** @param noun the kind of part, for errors */
  constructor(private readonly noun: string) {}

  /** Adds the part of a mirror. */
  public set(mirror: IImageMirror, part: Part): void {
    this.parts.set(mirror, part);
  }

  /** Finds the part of a mirror; `undefined` for a mirror that the app does not define. */
  public find(mirror: IImageMirror): Part | undefined {
    return this.parts.get(mirror);
  }

  /**
   * Returns the part of a mirror.
   *
   * @throws Error when the app does not define the mirror
   */
  public of(mirror: IImageMirror): Part {
    const part = this.parts.get(mirror);
    if (part !== undefined) return part;
    throw new Error(`this app does not define the mirror ${quote(mirror.node.path)}, so its ${this.noun} cannot be changed here; do this in the app that defines the mirror`);
  }
}
