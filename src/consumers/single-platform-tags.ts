import { DeclaredImage, requireSingleTag } from '../declarations/declared-image';
import { formatPlatform, normalizedPlatform, parsePlatform, platformTag } from '../image/platform';
import { quote } from '../image/sanitize';

/** The tags of single platforms of an image. Consumers ask for them where a service doesn't support multi-platform images. */
export class SinglePlatformTags {
  private readonly tags = new Map<string, string>();
  private notify?: () => void;

  /** @param reserve reserves a tag in the repository of the image, and rejects a tag that another image uses */
  constructor(private readonly image: DeclaredImage, private readonly reserve: (target: DeclaredImage) => void) {}

  /**
   * The tag of the image of one platform. The mirror keeps this tag from now on.
   *
   * @param platform for example `linux/arm64`
   */
  public tagFor(platform: string): string {
    requireMirroredPlatform(this.image, platform);
    const known = this.tags.get(platform);
    if (known !== undefined) return known;
    const tag = platformTag(requireSingleTag(this.image, 'mirror a single tag'), parsePlatform(platform)!);
    const [mutableTags, fixedTags] = this.image.mutableTags.length === 0 ? [[], [tag]] : [[tag], []];
    this.reserve({ ...this.image, tags: { tag }, mutableTags, fixedTags });
    this.tags.set(platform, tag);
    this.notify?.();
    return tag;
  }

  /** Calls a function after each new tag. */
  public onChange(notify: () => void): void {
    this.notify = notify;
  }

  /** The platforms as the engine reads them; `undefined` when there are none. */
  public render(): string | undefined {
    return this.tags.size === 0 ? undefined : [...this.tags.keys()].sort().join(',');
  }
}

/**
 * Requires that an image is mirrored for a platform.
 *
 * @throws Error that names the mirrored platforms
 */
export function requireMirroredPlatform({ source, platforms, platformsIfAvailable }: DeclaredImage, platform: string): void {
  if (platforms === undefined || platforms.map(canonicalPlatform).includes(platform)) return;
  throw new Error(`${quote(source)} is mirrored only for ${platforms.join(', ')}, but ${platform} is needed; `
    + (platformsIfAvailable ? 'set platforms or allPlatforms for the image, or add it to platforms of the mirror'
      : 'add it to platforms, or omit platforms to mirror all'));
}

function canonicalPlatform(platform: string): string {
  return formatPlatform(normalizedPlatform(parsePlatform(platform)!));
}
