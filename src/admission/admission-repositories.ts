import { Duration, Lazy, Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { IImageMirror, MirrorParts } from '../declarations/mirror-interfaces';
import { AdmissionPolicy, hasChecks } from '../image/admission/admission-policy';
import { decisionRepository, quarantineRepository } from '../image/admission/quarantine';
import { SCAN_ACTIONS } from '../image/admission/scan-actions';
import { MAX_VARIABLE_LENGTH, PROJECT_ENVIRONMENT } from '../image/contract/environment';
import { addVariables } from '../project/added-variables';
import { REPOSITORY_ACTIONS } from '../project/build-role';
import { MirrorBuilds } from '../project/mirror-project';
import { defineRepository } from '../repositories/defined-repository';
import { formatRules } from '../repositories/lifecycle-rules';
import { PULL_ACTIONS } from '../repositories/pull-grants';
import { repositoryArn } from '../repositories/repository-arns';
import { RepositorySet } from '../repositories/repository-set';

/** The repositories in which a mirror keeps what its checks need. */
export interface AdmissionRepositories {
  /** The repository with the markers of held images, and with the images that wait for a scan. */
  readonly quarantine: ecr.IRepository;
  /** The repository with the decisions of people. Builds of images can only read it. */
  readonly decisions: ecr.IRepository;
}

/** The parts of a mirror that its checks need. */
export interface QuarantineProps {
  readonly repositories: RepositorySet;
  readonly builds: MirrorBuilds;
  /** The checks of images without options of their own, as builds have them. `{}` for none. */
  readonly defaultChecks: string;
}

/** The images in quarantine are kept for at least this time, so that a person can look at what was held. */
const LEAST_EXPIRY = Duration.days(30);

/** The time for a run that starts late, and for Amazon ECR, which expires images within a day. */
const EXPIRY_MARGIN = Duration.days(3);

const PARTS = new MirrorParts<Quarantine>('quarantine');

/**
 * The quarantine of a mirror: the repositories, permissions, and variables for the checks of new images.
 *
 * It is defined with the first image or catalog that has checks. A mirror without checks has nothing of it.
 */
export class Quarantine {
  /**
   * The quarantine of a mirror.
   *
   * @throws Error when the app does not define the mirror
   */
  public static of(mirror: IImageMirror): Quarantine {
    return PARTS.of(mirror);
  }

  private defined?: AdmissionRepositories;
  private hasScan = false;
  private longestHours = 0;
  private readonly listeners: ((repositories: AdmissionRepositories) => void)[] = [];

  constructor(private readonly mirror: IImageMirror & Construct, private readonly props: QuarantineProps) {
    PARTS.set(mirror, this);
  }

  /** Whether an image or a catalog of the mirror has checks so far. */
  public get isRequired(): boolean {
    return this.defined !== undefined;
  }

  /** The quarantine repository. It is defined now if no image has checks yet. */
  public get quarantine(): ecr.IRepository {
    return this.define().quarantine;
  }

  /** The repository with the decisions of people. It is defined now if no image has checks yet. */
  public get decisions(): ecr.IRepository {
    return this.define().decisions;
  }

  /** Calls a function when the first image or catalog with checks is added, or now if there is one. */
  public onceRequired(listener: (repositories: AdmissionRepositories) => void): void {
    if (this.defined === undefined) this.listeners.push(listener);
    else listener(this.defined);
  }

  /**
   * Defines what checks need, once for the mirror; `undefined` for a policy without checks.
   *
   * A catalog passes a policy with the longest age that an entry can have, because its entries are not known at synthesis.
   */
  public require(policy: AdmissionPolicy): AdmissionRepositories | undefined {
    if (!hasChecks(policy)) return undefined;
    const { hours = 0, maximumGapHours = 0 } = policy.minimumAge ?? {};
    this.longestHours = Math.max(this.longestHours, hours + maximumGapHours);
    const repositories = this.define();
    if (policy.scan !== undefined) this.allowScan();
    return repositories;
  }

  private define(): AdmissionRepositories {
    if (this.defined !== undefined) return this.defined;
    const { builds, repositories } = this.props;
    const [quarantine, decisions] = [quarantineRepository(repositories.prefix), decisionRepository(repositories.prefix)];
    this.defined = { quarantine: this.defineQuarantine(quarantine), decisions: this.defineDecisions(decisions) };
    const stack = Stack.of(this.mirror);
    builds.role.allow([
      // The CDK merges statements without a Sid, and the statement for the repositories of images has a list that it can't merge.
      new iam.PolicyStatement({
        sid: 'Quarantine',
        actions: [...REPOSITORY_ACTIONS, 'ecr:DescribeImages'].sort(),
        resources: [repositoryArn(stack, quarantine)],
      }),
      // Builds must not write decisions: a release or a refusal is the decision of a person.
      new iam.PolicyStatement({ actions: [...PULL_ACTIONS, 'ecr:DescribeImages'].sort(), resources: [repositoryArn(stack, decisions)] }),
    ]);
    addVariables(builds.project, () => this.variables());
    for (const listener of this.listeners) listener(this.defined);
    return this.defined;
  }

  /** The references to the repositories make the project, and so the first runs, wait for them. */
  private variables(): [name: string, value: string][] {
    const { defaultChecks } = this.props;
    return [
      ...defaultChecks === '{}' ? [] : [[PROJECT_ENVIRONMENT.ADMISSION, defaultChecks] as [string, string]],
      [PROJECT_ENVIRONMENT.DECISIONS, this.decisions.repositoryName],
      [PROJECT_ENVIRONMENT.QUARANTINE, this.quarantine.repositoryName],
    ];
  }

  /** A marker must not expire before the age that it counts for is complete. An untagged image is a part of a push that failed. */
  private defineQuarantine(name: string): ecr.Repository {
    const { repositories } = this.props;
    const repository = defineRepository(this.mirror, 'Quarantine', {
      name, settings: repositories.settings, imageScanOnPush: true, imageTagMutability: ecr.TagMutability.IMMUTABLE,
    });
    const resource = repository.node.defaultChild as ecr.CfnRepository;
    resource.lifecyclePolicy = Lazy.uncachedAny({
      produce: () => ({
        lifecyclePolicyText: formatRules([
          { description: 'Expire what failed pushes left', tagStatus: ecr.TagStatus.UNTAGGED, maxImageAge: Duration.days(1) },
          { description: 'Expire markers and held images', maxImageAge: this.expiry },
        ]),
      }),
    });
    repositories.addInternal(name, repository);
    return repository;
  }

  private defineDecisions(name: string): ecr.Repository {
    const { repositories } = this.props;
    const repository = defineRepository(this.mirror, 'Decisions', {
      name, settings: repositories.settings, imageScanOnPush: false, imageTagMutability: ecr.TagMutability.IMMUTABLE,
    });
    repositories.addInternal(name, repository);
    return repository;
  }

  private get expiry(): Duration {
    const days = Math.ceil(this.longestHours / 24) + EXPIRY_MARGIN.toDays();
    return Duration.days(Math.max(days, LEAST_EXPIRY.toDays()));
  }

  private allowScan(): void {
    if (this.hasScan) return;
    this.hasScan = true;
    const { builds, repositories } = this.props;
    const { anyResource, repository } = SCAN_ACTIONS;
    const quarantine = repositoryArn(Stack.of(this.mirror), quarantineRepository(repositories.prefix));
    builds.role.allow([
      new iam.PolicyStatement({ actions: [...repository], resources: [quarantine] }),
      new iam.PolicyStatement({ actions: [...anyResource], resources: ['*'] }),
    ]);
  }
}

/**
 * Requires that the checks of a mirror fit into a variable of CodeBuild.
 *
 * @throws Error when they do not fit
 */
export function requireChecksFit(checks: string): void {
  if (checks.length <= MAX_VARIABLE_LENGTH) return;
  throw new Error(`the admission options of the mirror have ${checks.length} characters as a variable of a build, but CodeBuild allows about `
    + `${MAX_VARIABLE_LENGTH}; use fewer signatures or findingExceptions, or set them for the images that need them`);
}
