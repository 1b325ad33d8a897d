import { Duration, Token } from 'aws-cdk-lib';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { ImageMirrorProps } from './image-mirror-props';
import { MirrorCatalogs } from '../catalog/mirror-catalogs';
import { CustomImages } from '../customize/custom-images';
import { OnTagMoved } from '../declarations/tag-policy';
import { DeployTrigger } from '../deploy/deploy-trigger';
import { quote } from '../image/sanitize';
import { repositoryNameProblem } from '../image/repository-name';
import { MirrorSignals } from '../observe/monitoring';
import { ComputeConfiguration } from '../project/mirror-compute';
import { RegistryCredentials } from '../project/registry-credentials';
import { RepositorySet } from '../repositories/repository-set';
import { MirrorScheduleContext } from '../schedules/schedules';
import { requireLiteral } from '../synthesis/literal';

/** What an image needs from its mirror. */
export interface MirrorContext extends MirrorScheduleContext {
  readonly repositories: RepositorySet;
  readonly repositoryPrefix: string;
  readonly schedule: scheduler.ScheduleExpression;
  readonly timeWindow: scheduler.TimeWindow;
  readonly onTagMoved: OnTagMoved;
  readonly compute: ComputeConfiguration;
  readonly signals: MirrorSignals;
  readonly customImages: CustomImages;
  readonly catalogs: MirrorCatalogs;
  /** Undefined when a deployment mirrors nothing. */
  readonly deployTrigger?: DeployTrigger;
}

/** When and how images run that do not say so themselves. */
export function scheduleDefaults(props: ImageMirrorProps) {
  return {
    schedule: props.schedule ?? scheduler.ScheduleExpression.rate(Duration.days(1)),
    timeWindow: props.timeWindow ?? scheduler.TimeWindow.flexible(Duration.hours(1)),
    onTagMoved: props.onTagMoved ?? OnTagMoved.FAIL,
  };
}

/** @throws Error when no repository's name can start with it */
export function requireRepositoryPrefix(prefix: string): string {
  requireLiteral(prefix, 'repositoryPrefix', 'write it as a string, for example "mirror"');
  if (prefix === '') throw new Error('repositoryPrefix must not be empty, for builds may push to all repositories under it; write for example "mirror"');
  const problem = repositoryNameProblem(prefix);
  if (problem) throw new Error(`repositoryPrefix ${quote(prefix)} cannot be the start of a repository's name: ${problem}`);
  return prefix;
}

/** @throws Error when a registry has two credentials */
export function requireUniqueRegistries(credentials: RegistryCredentials[]): RegistryCredentials[] {
  const registries = credentials.map(({ registry }) => registry);
  const twin = registries.find((registry, index) => registries.indexOf(registry) !== index);
  if (twin !== undefined) throw new Error(`there are two credentials for the registry ${quote(twin)}; keep one of them`);
  return credentials;
}

/** @throws Error when it is no whole number of days */
export function requireExpiryInDays(expiry: Duration): Duration {
  const days = expiry.isUnresolved() ? NaN : expiry.toDays({ integral: false });
  if (Number.isInteger(days) && days >= 1) return expiry;
  throw new Error(`untaggedImageExpiry ${expiry.isUnresolved() ? '(a token)' : quote(expiry.toHumanString())} must be whole days, at least one; write for example Duration.days(30)`);
}

/** @throws Error when the list is not known at synthesis */
export function requireLiterals(images: string[]): string[] {
  if (Token.isUnresolved(images)) throw new Error('images must be known at synthesis, but it is a list token; write the images as strings');
  return images;
}
