import { Annotations, Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { MirrorContext } from './mirror-context';
import { SinglePlatformTags } from '../consumers/single-platform-tags';
import { CustomizedImage } from '../customize/customized-image';
import { formatChecks } from '../declarations/declared-admission';
import { constructIdFor, DeclaredImage, ImageDefaults } from '../declarations/declared-image';
import { latestVersions } from '../declarations/kept-images';
import { Attestations, OnTagMoved, OnUpstreamGone } from '../declarations/tag-policy';
import { neverMirroredProblem } from '../deploy/deploy-trigger';
import { MAX_VARIABLE_LENGTH, RUN_ENVIRONMENT, RunVariables } from '../image/contract/environment';
import { quote } from '../image/sanitize';
import { RepositorySet } from '../repositories/repository-set';

/** The repositories and tags of an image in Amazon ECR. */
export interface ImageRunsProps {
  /** The repository of the unchanged image. */
  readonly repository: ecr.IRepository;
  /** The tags of single platforms. Consumers add tags after the image is defined. */
  readonly platformTags: SinglePlatformTags;
  /** `undefined` when the image is not customized. */
  readonly custom?: CustomizedImage;
}

/** The starters of the runs of an image: its schedule, deployments, and what the app defines for it. */
export class ImageRuns {
  /** The constructs that are complete when the first copy exists. */
  public readonly firstCopy: readonly Construct[];
  private readonly variables: () => RunVariables;
  private startsOtherwise = false;

  constructor(
    private readonly scope: Construct, private readonly context: MirrorContext, private readonly image: DeclaredImage,
    private readonly props: ImageRunsProps,
  ) {
    this.variables = () => runVariables(image, context, props);
    if (image.scheduled) this.defineSchedule();
    this.defineChecks();
    this.firstCopy = image.enabled ? this.deploy() : [];
  }

  /** The target of a rule that starts a run. */
  public target(): events.IRuleTarget {
    this.noticeStarter();
    return this.context.schedules.starters.target(this.variables);
  }

  /** Allows a principal to start runs. */
  public grantStart(grantee: iam.IGrantable): iam.Grant {
    this.noticeStarter();
    return this.context.schedules.starters.grant(grantee);
  }

  private defineSchedule(): void {
    const { context: { schedules }, image, props, scope, variables } = this;
    const { schedule, timeWindow, enabled, source, tags } = image;
    const filter = 'filter' in tags ? `, the tags ${tags.filter._render()}` : '';
    const run = { schedule, timeWindow, enabled, description: () => `Mirrors ${source}${filter}`, key: constructIdFor(image), variables };
    schedules.addImage(scope, run);
    props.platformTags.onChange(() => schedules.notice(run));
  }

  /** Defines what the checks of new images need. */
  private defineChecks(): void {
    const { context: { quarantine, scanRules, schedules }, image: declared, scope, variables } = this;
    if (quarantine.require(declared.admission) === undefined) return;
    scanRules.add(scope, { declared, target: () => schedules.starters.target(variables) });
    scope.node.addValidation({ validate: () => variableProblems(declared, variables()) });
  }

  private deploy(): Construct[] {
    const { context: { deployTrigger }, image: { scheduled, source }, props, scope, variables } = this;
    const problem = neverMirroredProblem(quote(source));
    if (this.isNeverMirrored) scope.node.addValidation({ validate: () => this.startsOtherwise ? [] : [problem] });
    const needs = props.custom?.needs ?? [];
    const trigger = deployTrigger?.add({ stack: Stack.of(scope), repository: props.repository, needs, variables, isScheduled: scheduled });
    return trigger === undefined ? [] : [trigger];
  }

  /** Whether neither a schedule nor a deployment mirrors the image. */
  private get isNeverMirrored(): boolean {
    return this.image.enabled && !this.image.scheduled && this.context.deployTrigger === undefined;
  }

  private noticeStarter(): void {
    this.startsOtherwise = true;
    if (!this.isNeverMirrored) return;
    Annotations.of(this.scope).addWarningV2('cdk-ecr-mirror:MirroredImage.onlyOnRequest',
      `only rules and principals of the app start runs of ${quote(this.image.source)}, because scheduled is false and onDeploy is OFF, `
      + 'so the image does not exist until the first of these runs; let deployments make the first copy with onDeploy: OnDeploy.WAIT');
  }
}

/** The environment variables of a build that mirrors an image. Values that are the engine's defaults are omitted. */
function runVariables(image: DeclaredImage, { defaults, repositories }: MirrorContext, { platformTags, custom }: ImageRunsProps): RunVariables {
  const hasOwnNumber = image.mutableTags.length > 0 && image.keepPrevious !== defaults.keepPrevious;
  return {
    [RUN_ENVIRONMENT.IMAGE]: image.source,
    [RUN_ENVIRONMENT.REPOSITORY]: image.hasChosenRepository ? image.repositoryName : undefined,
    [RUN_ENVIRONMENT.TAG_KIND]: image.kindOverride,
    [RUN_ENVIRONMENT.ON_TAG_MOVED]: image.onTagMoved === OnTagMoved.FAIL ? undefined : image.onTagMoved,
    ...admissionVariables(image, defaults),
    [image.platformsIfAvailable ? RUN_ENVIRONMENT.PLATFORMS_IF_AVAILABLE : RUN_ENVIRONMENT.PLATFORMS]: image.platforms?.join(','),
    [RUN_ENVIRONMENT.REFERRERS]: image.referrers ? undefined : 'false',
    [RUN_ENVIRONMENT.ATTESTATIONS]: image.attestations === Attestations.KEEP_IF_ACCEPTED ? undefined : image.attestations,
    [RUN_ENVIRONMENT.LATE_REFERRERS]: image.lateReferrers ? undefined : 'false',
    [RUN_ENVIRONMENT.OWNER]: image.owner,
    [RUN_ENVIRONMENT.EXPIRES]: image.expires,
    [RUN_ENVIRONMENT.TAGS]: 'filter' in image.tags ? image.tags.filter._render(latestVersions(image)) : undefined,
    [RUN_ENVIRONMENT.PLATFORM_TAGS]: platformTags.render(),
    [RUN_ENVIRONMENT.KEEP_PREVIOUS]: hasOwnNumber ? String(image.keepPrevious) : undefined,
    [RUN_ENVIRONMENT.KEEP_VERSIONS]: image.keepVersions?.toString(),
    [RUN_ENVIRONMENT.OTHER_TAGS]: image.keepVersions === undefined ? undefined : otherTags(image, repositories),
    [RUN_ENVIRONMENT.CUSTOM_IMAGE]: custom?.render(),
  };
}

/** The variables for the checks of new images. The lock is a variable of its own, because catalogs and the default of the mirror have none. */
function admissionVariables({ admission, onUpstreamGone }: DeclaredImage, { checks }: ImageDefaults): RunVariables {
  const own = formatChecks(admission);
  return {
    [RUN_ENVIRONMENT.ON_UPSTREAM_GONE]: onUpstreamGone === OnUpstreamGone.KEEP ? undefined : onUpstreamGone,
    [RUN_ENVIRONMENT.ADMISSION]: own === formatChecks(checks) ? undefined : own,
    [RUN_ENVIRONMENT.LOCK]: admission.lock && JSON.stringify(admission.lock),
  };
}

/** The problem of checks that do not fit into the variable `IMAGES` of a build, which has the variables of an image as an entry. */
function variableProblems({ source }: DeclaredImage, variables: RunVariables): string[] {
  const { length } = JSON.stringify([variables]);
  if (length <= MAX_VARIABLE_LENGTH) return [];
  return [`the options of ${quote(source)} have ${length} characters as a variable of a build, but CodeBuild allows about ${MAX_VARIABLE_LENGTH}; `
    + 'use fewer signatures or findingExceptions, set those that most images have with admission of the mirror, or lock fewer tags of a tag filter'];
}

/** The tags that other images in the repository need, as the engine reads them; `undefined` when there are none. */
function otherTags(image: DeclaredImage, repositories: RepositorySet): string | undefined {
  const selections = repositories.otherTags(image);
  return selections.length === 0 ? undefined : JSON.stringify(selections);
}
