import { quote } from '../image/sanitize';
import { formatPlatform, normalizedPlatform, parsePlatform, platformTag } from '../image/platform';

/** The image whose platforms get tags of their own. */
export interface SinglePlatformTagsProps {
  /** The upstream image, as errors name it. */
  readonly source: string;
  /** The platforms that are mirrored; undefined for all that upstream has. */
  readonly platforms?: readonly string[];
  /** Takes a tag in the image's repository, and refuses one that is taken. */
  readonly claim: (tag: string) => void;
}

/** The platforms of one image that consumers want under a tag of their own, because they take no image of several platforms. */
export class SinglePlatformTags {
  private readonly tags = new Map<string, string>();

  constructor(private readonly props: SinglePlatformTagsProps) {}

  /**
   * The tag of the image of one platform. From now on the mirror keeps it.
   *
   * @param tag the tag of the image of all platforms
   * @param platform for example `linux/arm64`
   */
  public tagFor(tag: string, platform: string): string {
    requireMirroredPlatform(this.props.source, this.props.platforms, platform);
    const known = this.tags.get(platform);
    if (known !== undefined) return known;
    const own = platformTag(tag, parsePlatform(platform)!);
    this.props.claim(own);
    this.tags.set(platform, own);
    return own;
  }

  /** The platforms as the engine reads them; undefined when there are none. */
  public render(): string | undefined {
    return this.tags.size === 0 ? undefined : [...this.tags.keys()].sort().join(',');
  }
}

/**
 * Refuses a platform that the mirror was told to leave behind.
 *
 * @throws Error that names the platforms that are mirrored
 */
export function requireMirroredPlatform(source: string, mirrored: readonly string[] | undefined, platform: string): void {
  if (mirrored === undefined || mirrored.map(inOneSpelling).includes(platform)) return;
  throw new Error(`${quote(source)} is mirrored for ${mirrored.join(', ')} only, and ${platform} is wanted; add that to platforms, or leave platforms out to mirror all`);
}

function inOneSpelling(platform: string): string {
  return formatPlatform(normalizedPlatform(parsePlatform(platform)!));
}
