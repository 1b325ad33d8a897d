import { Annotations, Duration, Stack, Token } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import { ComputeConfiguration } from './mirror-compute';
import { hasProxy } from './network-warning';
import { DOCKER_HUB } from '../image/image-reference';
import { awsPartition, hasFipsEndpoints, PUBLIC_GALLERY } from '../image/registry-hosts';
import { quote } from '../image/sanitize';
import { onSynthesis } from '../synthesis/aspects';

/**
 * Regions in which CloudFormation does not support CodeBuild projects, as of November 2026.
 *
 * The source is the resource specification in cfn-lint 1.58. AWS adds services to Regions, so this is only a warning.
 *
 * @see https://github.com/aws-cloudformation/cfn-lint
 */
const WITHOUT_CODEBUILD: readonly string[] = ['ap-east-2', 'ca-west-1', 'mx-central-1'];

/** @see https://docs.amazonaws.cn/en_us/aws/latest/userguide/codebuild.html */
const MAX_TIMEOUT_IN_CHINA = Duration.minutes(480);

/** Registries that networks in China often cannot reach. */
const UNREACHABLE_FROM_CHINA: readonly string[] = [DOCKER_HUB, 'gcr.io', 'ghcr.io', 'quay.io', 'registry.k8s.io', 'k8s.gcr.io'];

/** The limits of Regions that apply to builds. */
export interface RegionProps {
  readonly compute: ComputeConfiguration;
  /** Whether builds use FIPS endpoints. */
  readonly fips: boolean;
  /** The upstream images that the builds pull. They are read when all images are added. */
  readonly sources: () => readonly string[];
}

/** Warns about limits of the Region, if it is known at synthesis. */
export function warnAboutBuildRegion(project: codebuild.Project, { compute, fips, sources }: RegionProps): void {
  const { region } = Stack.of(project);
  if (Token.isUnresolved(region)) return;
  const warn = (id: string, text: string) => Annotations.of(project).addWarningV2(id, text);
  if (WITHOUT_CODEBUILD.includes(region)) {
    warn('cdk-ecr-mirror:ImageMirror.region',
      `CloudFormation did not support CodeBuild projects in ${quote(region)} in November 2026 (source: cfn-lint 1.58), `
      + 'so the deployment may fail; define the mirror in another Region and replicate the images with MirrorReplication, '
      + 'or acknowledge this warning if the Region supports them now');
  }
  if (fips && !hasFipsEndpoints(region)) {
    warn('cdk-ecr-mirror:ImageMirror.fips', `Amazon ECR, CodeBuild, and EventBridge had no FIPS endpoints in ${quote(region)} in November 2026 `
      + '(source: botocore), so builds and deployments may fail; remove fips, or define the mirror in a Region of the United States');
  }
  if (awsPartition(region) !== 'aws-cn') return;
  if (compute.timeout !== undefined && compute.timeout.toMinutes() > MAX_TIMEOUT_IN_CHINA.toMinutes()) {
    warn('cdk-ecr-mirror:ImageMirror.timeoutInChina',
      `timeout is ${quote(compute.timeout.toHumanString())}, but CodeBuild allows ${MAX_TIMEOUT_IN_CHINA.toHumanString()} `
      + `in ${quote(region)}; use at most Duration.hours(${MAX_TIMEOUT_IN_CHINA.toHours()})`);
  }
  onSynthesis(project, () => {
    const registries = new Set(sources().map((source) => source.split('/')[0]));
    const unreachable = UNREACHABLE_FROM_CHINA.filter((registry) => registries.has(registry));
    if (unreachable.length > 0 && !hasProxy(project)) {
      warn('cdk-ecr-mirror:ImageMirror.upstreamsInChina', `builds in ${quote(region)} often cannot reach ${unreachable.join(', ')}; `
        + 'set proxy, or mirror from a registry that is reachable from China');
    }
    if (registries.has(PUBLIC_GALLERY)) {
      warn('cdk-ecr-mirror:ImageMirror.publicGalleryInChina',
        `builds in ${quote(region)} have no credentials for ${PUBLIC_GALLERY}, which does not accept those of China, `
        + 'so they share the rate limit of anonymous pulls; acknowledge this warning if that is enough');
    }
  });
}
