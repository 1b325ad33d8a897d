import { Stack } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as events from 'aws-cdk-lib/aws-events';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { BuildRole, defineBuildRole } from './build-role';
import { defineCertificatesAsset } from './certificates-asset';
import { ComputeConfiguration } from './compute-configuration';
import { defineEngineAsset } from './engine-asset';
import { defineMirrorProject } from './mirror-project';
import { RepositoryArns } from './repository-arns';
import { RepositorySet } from './repository-set';
import { ImageMirrorProps } from '../image-mirror-props';
import { RegistryCredentials } from '../registry-credentials';

/** What is known of the builds beside the properties of their mirror. */
export interface MirrorBuildsSettings {
  readonly compute: ComputeConfiguration;
  readonly credentials: RegistryCredentials[];
  readonly logGroup: logs.ILogGroup;
  readonly repositories: RepositorySet;
  readonly repositoryPrefix: string;
}

/** What mirrors: the project, the role of its builds, and the bus that they tell. */
export interface MirrorBuilds {
  readonly project: codebuild.Project;
  readonly buildRole: BuildRole;
  readonly eventBus: events.IEventBus;
}

/** Defines the project of a mirror in its scope, with all that its builds need. */
export function defineMirrorBuilds(scope: Construct, props: ImageMirrorProps, settings: MirrorBuildsSettings): MirrorBuilds {
  const { repositories, repositoryPrefix, ...shared } = settings;
  const eventBus = props.eventBus ?? events.EventBus.fromEventBusName(scope, 'DefaultEventBus', 'default');
  const authority = props.certificateAuthorityPath;
  const build = {
    ...shared,
    certificates: authority === undefined ? undefined : defineCertificatesAsset(scope, 'Certificates', authority),
    engine: defineEngineAsset(scope, 'Engine'),
    eventBus,
  };
  const buildRole = defineBuildRole(scope, 'BuildRole', { ...build, repositories: new RepositoryArns(Stack.of(scope), repositories, repositoryPrefix) });
  const project = defineMirrorProject(scope, 'Project', { ...build, repositoryPrefix, role: buildRole.role });
  return { project, buildRole, eventBus };
}
