import * as ecr_assets from 'aws-cdk-lib/aws-ecr-assets';
import { requireLiteral } from './literal';
import { quote } from '../image/image-reference';
import { parsePlatform } from '../image/platform';

/**
 * The platforms to mirror in one spelling, whatever the order in which they were given; undefined for all.
 *
 * @throws Error when the list is empty, or holds what is no platform
 */
export function platformList(platforms: ecr_assets.Platform[] | undefined): string[] | undefined {
  if (platforms === undefined) return undefined;
  if (platforms.length === 0) throw new Error('platforms is an empty list, and an image without platforms is none; leave it out to mirror all of them');
  for (const { platform } of platforms) {
    requireLiteral(platform, 'a platform', 'write it as a string');
    if (parsePlatform(platform) === undefined) {
      throw new Error(`${quote(platform)} is no platform; write for example ecr_assets.Platform.LINUX_ARM64 or ecr_assets.Platform.custom("linux/arm/v7")`);
    }
  }
  return [...new Set(platforms.map(({ platform }) => platform))].sort();
}
