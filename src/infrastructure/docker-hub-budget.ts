import { Annotations, AspectPriority, Aspects } from 'aws-cdk-lib';
import { Construct } from 'constructs';

/**
 * What Docker Hub gives a client without credentials in 6 hours, for each address.
 *
 * @see https://docs.docker.com/docker-hub/usage/pulls/
 */
const ANONYMOUS_PULLS = 100;

/** A multi-platform image counts as one pull for each platform, and most images that people mirror have about so many. */
const ASSUMED_PLATFORMS = 8;

/**
 * Warns when a mirror's first run would exceed what Docker Hub gives without credentials.
 *
 * Later runs that find nothing new are free: they ask with HEAD, which counts as no pull.
 *
 * @param project the project whose builds pull
 * @param anonymousImages the number of images from Docker Hub that are mirrored without credentials, asked when all were added
 */
export function watchDockerHubBudget(project: Construct, anonymousImages: () => number): void {
  // On the project, so that whoever acknowledges the warning on the mirror silences it: the CDK asks a construct's scopes, not the construct itself.
  const visit = (node: unknown) => {
    if (node === project) warn(project, anonymousImages());
  };
  Aspects.of(project).add({ visit }, { priority: AspectPriority.READONLY });
}

function warn(project: Construct, images: number): void {
  const pulls = images * ASSUMED_PLATFORMS;
  if (pulls <= ANONYMOUS_PULLS) return;
  Annotations.of(project).addWarningV2(
    'cdk-ecr-mirror:ImageMirror.dockerHubBudget',
    `${images} images from Docker Hub make about ${pulls} pulls when they are first copied (one for each of about ${ASSUMED_PLATFORMS} platforms), `
    + `and Docker Hub allows ${ANONYMOUS_PULLS} in 6 hours without credentials; set credentials: [RegistryCredentials.dockerHub(secret)], or mirror fewer images from there`,
  );
}
