import { Lazy, Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { Construct } from 'constructs';
import { IImageMirror } from '../declarations/mirror-interfaces';
import { quarantineRepository } from '../image/admission/quarantine';
import { floatingRepositoryPrefix } from '../image/catalog/catalog-repositories';
import { quote } from '../image/sanitize';
import { MirrorBuilds } from '../project/mirror-project';
import { RepositorySet } from '../repositories/repository-set';
import { requireSameEnvironment, singletonProblems } from '../synthesis/environments';

/**
 * The type of image scanning in a registry of Amazon ECR.
 */
export enum RegistryScanType {
  /**
   * Amazon ECR scans the packages of the operating system, once for each push. There is no charge.
   */
  BASIC = 'BASIC',

  /**
   * Amazon Inspector scans the packages of the operating system and of programming languages, again when new vulnerabilities become known. Amazon
   * Inspector charges for each image.
   */
  ENHANCED = 'ENHANCED',
}

/**
 * Properties of a `RegistryScanning`.
 */
export interface RegistryScanningProps {
  /**
   * The mirrors. Amazon ECR scans the images in their quarantine repositories, so that `maximumSeverity` can judge them.
   *
   * The mirrors must be in the account and Region of the construct, and this app must define them.
   *
   * @default - none
   */
  readonly mirrors?: IImageMirror[];

  /**
   * The type of scanning. It applies to the whole registry.
   *
   * @default RegistryScanType.BASIC
   */
  readonly scanType?: RegistryScanType;

  /**
   * Whether Amazon ECR also scans the repositories from which the mirrors serve images.
   *
   * With enhanced scanning, Amazon Inspector also charges for these images.
   *
   * @default true
   */
  readonly servedRepositories?: boolean;

  /**
   * Repository filters of other repositories that are scanned when an image is pushed.
   *
   * A filter consists of lowercase letters, digits, `*`, and any of `. _ - /`. A filter without `*` matches all names that contain it.
   *
   * @default - none
   */
  readonly scanOnPushFilters?: string[];

  /**
   * Repository filters of other repositories that are scanned continuously. It requires enhanced scanning.
   *
   * @default - none
   */
  readonly continuousFilters?: string[];
}

/** A repository filter as Amazon ECR accepts it. The source is the service model of botocore, November 2026. */
const FILTER = /^[a-z0-9*](?:[._\-/a-z0-9*]?[a-z0-9*]+)*$/;
const MAX_FILTER_LENGTH = 255;
const MAX_FILTERS = 100;

/**
 * The scanning rules of the registry in an account and Region. They cover the quarantine repositories of mirrors.
 *
 * **An account has one scanning configuration in each Region, and this construct replaces it.** It removes existing rules. Repeat the rules that
 * other repositories need with `scanOnPushFilters` and `continuousFilters`. Define the construct once for each account and Region. A mirror never
 * defines it.
 *
 * With basic scanning, builds start the scans of held images themselves, so this construct is optional. With enhanced scanning, Amazon Inspector
 * scans only the repositories that a rule matches. Images in all other repositories stay in quarantine as `not-scanned`.
 *
 * With enhanced scanning, the repositories of the mirrors are scanned continuously, because Amazon Inspector does not scan on request.
 *
 * ```ts
 * declare const mirror: ImageMirror;
 * new RegistryScanning(this, 'Scanning', { mirrors: [mirror], scanType: RegistryScanType.ENHANCED, scanOnPushFilters: ['team-*'] });
 * ```
 *
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-filters.html
 */
export class RegistryScanning extends Construct {
  /**
   * @throws Error when there are no mirrors and no filters, when a filter is not valid, when there are continuous filters with basic scanning, when
   * this app does not define a mirror, and when a mirror is in another account or Region
   */
  constructor(scope: Construct, id: string, props: RegistryScanningProps) {
    super(scope, id);
    const { mirrors = [] } = props;
    const problems = problemsOf(props);
    if (problems.length > 0) throw new Error(`${quote(this.node.path)}: ${problems.join('; ')}`);
    for (const mirror of mirrors) requireSameEnvironment(this, mirror, 'define the scanning rules in the account and Region of the mirror');
    const repositories = mirrors.map((mirror) => RepositorySet.of(mirror));
    const rules = () => scanningRules(props, repositories);
    const resource = new ecr.CfnRegistryScanningConfiguration(this, 'Resource', {
      scanType: props.scanType ?? RegistryScanType.BASIC,
      // The app can add images after this construct.
      rules: Lazy.any({ produce: () => rules().map(renderRule) }),
    });
    // Images that are pushed earlier may not be scanned.
    for (const mirror of mirrors.filter((one) => Stack.of(one) === Stack.of(this))) MirrorBuilds.of(mirror).project.node.addDependency(resource);
    this.node.addValidation({
      validate: () => [
        ...singletonProblems(resource, 'scanning configuration', 'merge them into one RegistryScanning'),
        ...rules().flatMap(({ filters }) => tooManyFilters(filters)),
      ],
    });
  }
}

interface ScanningRule {
  readonly frequency: 'SCAN_ON_PUSH' | 'CONTINUOUS_SCAN';
  readonly filters: readonly string[];
}

function scanningRules(props: RegistryScanningProps, repositories: readonly RepositorySet[]): ScanningRule[] {
  const { continuousFilters = [], scanOnPushFilters = [], scanType, servedRepositories = true } = props;
  const own = repositories.flatMap((set) => [`${quarantineRepository(set.prefix)}*`, ...servedRepositories ? servedFilters(set) : []]);
  const rules: ScanningRule[] = scanType === RegistryScanType.ENHANCED
    ? [{ frequency: 'CONTINUOUS_SCAN', filters: [...own, ...continuousFilters] }, { frequency: 'SCAN_ON_PUSH', filters: scanOnPushFilters }]
    : [{ frequency: 'SCAN_ON_PUSH', filters: [...own, ...scanOnPushFilters] }];
  return rules.map(({ frequency, filters }) => ({ frequency, filters: [...new Set(filters)] })).filter(({ filters }) => filters.length > 0);
}

/** Filters for the repositories of a mirror: those under its prefixes, and those with a name that the app chose. */
function servedFilters(repositories: RepositorySet): string[] {
  const prefixes = [repositories.prefix, floatingRepositoryPrefix(repositories.prefix)].map((prefix) => prefix === '' ? '' : `${prefix}/`);
  const others = repositories.literalNames().filter((name) => !prefixes.some((prefix) => name.startsWith(prefix)));
  return [...prefixes.map((prefix) => `${prefix}*`), ...others];
}

function renderRule({ filters, frequency }: ScanningRule): ecr.CfnRegistryScanningConfiguration.ScanningRuleProperty {
  return { scanFrequency: frequency, repositoryFilters: filters.map((filter) => ({ filter, filterType: 'WILDCARD' })) };
}

function problemsOf({ continuousFilters = [], mirrors = [], scanOnPushFilters = [], scanType }: RegistryScanningProps): string[] {
  const filters = [...scanOnPushFilters, ...continuousFilters];
  const invalid = filters.filter((filter) => !FILTER.test(filter) || filter.length > MAX_FILTER_LENGTH);
  return [
    ...mirrors.length === 0 && filters.length === 0 ? ['there is nothing to scan; set mirrors, scanOnPushFilters, or continuousFilters'] : [],
    ...invalid.map((filter) => `${quote(filter)} is not a valid repository filter; use 1 to ${MAX_FILTER_LENGTH} lowercase letters, digits, "*", `
      + 'and any of ". _ - /", for example "team-*"'),
    ...continuousFilters.length > 0 && scanType !== RegistryScanType.ENHANCED
      ? ['continuousFilters requires enhanced scanning; set scanType to ENHANCED, or use scanOnPushFilters'] : [],
  ];
}

function tooManyFilters({ length }: readonly string[]): string[] {
  return length <= MAX_FILTERS ? [] : [`a scanning rule has ${length} repository filters, and Amazon ECR allows ${MAX_FILTERS}; use wildcards`];
}
