import type { StartBuildCommandInput } from '@aws-sdk/client-codebuild';
import type { Check } from '../check';
import { answerToStart } from '../probes/builds';

interface Override {
  readonly id: string;
  /** Without `codebuild:`. */
  readonly key: string;
  /** After "The role of a schedule cannot start a build with". */
  readonly what: string;
  readonly request: Omit<StartBuildCommandInput, 'projectName'>;
}

const ELSEWHERE = 'somebody-elses-bucket/source.zip';
const FLEET = 'arn:aws:codebuild:us-east-1:111122223333:fleet/another:11111111-2222-3333-4444-555555555555';
const BUILDSPEC = '{"version":"0.2","phases":{"build":{"commands":["true"]}}}';
const VARIABLE = { name: 'NODE_OPTIONS', value: '--version', type: 'PLAINTEXT' } as const;

/** An override for each condition key of docs/adr/0016-overrides-of-builds.md, first those that AWS documents least. */
const OVERRIDES: readonly Override[] = [
  { id: 'buildspec', key: 'source.buildspec', what: 'another buildspec', request: { buildspecOverride: BUILDSPEC } },
  {
    id: 'variable', key: 'environment.environmentVariables.name', what: 'the variable NODE_OPTIONS', request: { environmentVariablesOverride: [VARIABLE] },
  },
  { id: 'source', key: 'source.location', what: 'another source', request: { sourceTypeOverride: 'S3', sourceLocationOverride: ELSEWHERE } },
  { id: 'image', key: 'environment.image', what: 'another build image', request: { imageOverride: 'aws/codebuild/standard:7.0' } },
  { id: 'type', key: 'environment.type', what: 'another environment type', request: { environmentTypeOverride: 'LINUX_GPU_CONTAINER' } },
  {
    id: 'secondary-source',
    key: 'secondarySources',
    what: 'a secondary source',
    request: { secondarySourcesOverride: [{ type: 'S3', location: ELSEWHERE, sourceIdentifier: 'other' }] },
  },
  { id: 'log', key: 'logsConfig', what: 'other log settings', request: { logsConfigOverride: { cloudWatchLogs: { status: 'DISABLED' } } } },
  {
    id: 'bucket-log',
    key: 'logsConfig.s3Logs.status',
    what: 'a log in a bucket',
    request: { logsConfigOverride: { s3Logs: { status: 'ENABLED', location: 'somebody-elses-bucket/logs' } } },
  },
  { id: 'cache', key: 'cache.type', what: 'a cache', request: { cacheOverride: { type: 'LOCAL', modes: ['LOCAL_CUSTOM_CACHE'] } } },
  { id: 'fleet', key: 'environment.fleet.fleetArn', what: 'a fleet', request: { fleetOverride: { fleetArn: FLEET } } },
  {
    id: 'certificate',
    key: 'environment.certificate',
    what: 'a certificate',
    request: { certificateOverride: 'arn:aws:s3:::somebody-elses-bucket/certificate.pem' },
  },
  { id: 'insecure-ssl', key: 'source.insecureSsl', what: 'unverified certificates', request: { insecureSslOverride: true } },
  { id: 'privileged', key: 'environment.privilegedMode', what: 'privileged mode', request: { privilegedModeOverride: true } },
  {
    id: 'registry-credential',
    key: 'environment.registryCredential',
    what: 'credentials for the build image',
    request: { registryCredentialOverride: { credential: 'somebody-elses-secret', credentialProvider: 'SECRETS_MANAGER' } },
  },
];

/** @see https://docs.aws.amazon.com/codebuild/latest/userguide/action-context-keys.html */
export const deniedOverrides: readonly Check[] = OVERRIDES.map(({ id, key, request, what }) => ({
  id: `denied-${id}`,
  section: 'IAM condition keys',
  assumption: `The role of a schedule cannot start a build with ${what} (\`codebuild:${key}\`).`,
  expected: 'denied',
  otherwise: 'A principal who can edit a schedule can change the build in this way.',
  dollars: 0,
  minutes: 0.1,
  local: true,
  async run(context) {
    return answerToStart(await context.starter(), context, { projectName: context.outputs.BaseProject, ...request });
  },
}));
