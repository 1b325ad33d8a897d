/** The code around each TypeScript example of README.md, of docstrings, and of docs/. */
import { awscdk, TextFile } from 'projen';

/** Writes the fixture in which examples are compiled. */
export function addRosettaFixture(project: awscdk.AwsCdkConstructLibrary): void {
  new TextFile(project, 'rosetta/default.ts-fixture', {
    lines: [
      'import * as cdk from \'aws-cdk-lib\';',
      'import { Construct } from \'constructs\';',
      'import { Duration } from \'aws-cdk-lib\';',
      'import * as codebuild from \'aws-cdk-lib/aws-codebuild\';',
      'import * as ecr from \'aws-cdk-lib/aws-ecr\';',
      'import * as ecr_assets from \'aws-cdk-lib/aws-ecr-assets\';',
      'import * as ecs from \'aws-cdk-lib/aws-ecs\';',
      'import * as ec2 from \'aws-cdk-lib/aws-ec2\';',
      'import * as events from \'aws-cdk-lib/aws-events\';',
      'import * as targets from \'aws-cdk-lib/aws-events-targets\';',
      'import * as iam from \'aws-cdk-lib/aws-iam\';',
      'import * as kms from \'aws-cdk-lib/aws-kms\';',
      'import * as lambda from \'aws-cdk-lib/aws-lambda\';',
      'import * as s3 from \'aws-cdk-lib/aws-s3\';',
      'import * as scheduler from \'aws-cdk-lib/aws-scheduler\';',
      'import * as secretsmanager from \'aws-cdk-lib/aws-secretsmanager\';',
      'import * as signer from \'aws-cdk-lib/aws-signer\';',
      'import * as sns from \'aws-cdk-lib/aws-sns\';',
      'import * as ssm from \'aws-cdk-lib/aws-ssm\';',
      'import {',
      '  AdmissionMode, CacheCredentials, ComputeArchitecture, CreationTemplate, FindingSeverity, ImageCatalog, ImageLock, ImageMirror,',
      '  ImageSignature, IOriginalImage, MirrorAlarm, MirrorCompute, MirrorDashboard, MirroredCatalog, MirroredImage, MirroredImagesAspect,',
      '  MirrorReplicaTemplate,',
      '  MirrorReplication, MirrorReplicationDestination, OnDeploy, OnTagMoved, OnUpstreamGone, PullThroughCache, RegistryCredentials,',
      '  RegistryScanning, RegistryScanType, RegistrySettings, ScanSeverity, TagFilter, TagKind, TagOrder, UpstreamRegistry,',
      '} from \'cdk-ecr-mirror\';',
      '',
      'class Fixture extends cdk.Stack {',
      '  constructor(scope: Construct, id: string) {',
      '    super(scope, id);',
      '    /// here',
      '  }',
      '}',
      '',
    ],
  });
}
