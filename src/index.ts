export type { ImageMirrorProps } from './mirror/image-mirror-props';
export { ImageMirror } from './mirror/image-mirror';
export type { ImageMirrorAttributes, ImageMirrorLookupOptions, MirroredImageAttributes } from './mirror/imported-mirror';
export { MirroredImage, type MirroredImageProps } from './mirror/mirrored-image';

export { MirroredImagesAspect, type MirroredImagesAspectProps } from './aspect/mirrored-images-aspect';

export { ImageLock } from './declarations/image-lock';
export {
  type GithubProvenanceOptions, ImageSignature, type KeylessSignatureOptions, type SignatureEvidence,
} from './declarations/image-signature';
export type { IImageMirror, IMirroredImage, IOriginalImage } from './declarations/mirror-interfaces';
export type { HeldAlarmOptions, IMonitored, MirrorAlarmOptions, StaleAlarmOptions } from './declarations/monitored';
export type { MirroredBuildImageOptions, MirroredImageOptions, MirroredLambdaCodeOptions } from './declarations/mirrored-image-options';
export { type PatternTagOptions, type SemverTagOptions, TagFilter } from './declarations/tag-filter';
export type { MirrorRunOptions } from './declarations/run-options';
export { AdmissionMode, type AdmissionOptions, type FindingException, FindingSeverity } from './declarations/admission-options';
export { Attestations, OnTagMoved, OnUpstreamGone, TagKind, TagOrder } from './declarations/tag-policy';

export type { MirrorBuildOptions } from './project/build-options';
export type { BuildProxy } from './project/build-proxy';
export { ComputeArchitecture, type Ec2ComputeOptions, type LambdaComputeOptions, MirrorCompute } from './project/mirror-compute';
export { RegistryCredentials, type RegistryCredentialsOptions } from './project/registry-credentials';
export { RegistrySettings, type RegistrySettingsOptions } from './project/registry-settings';

export type { MirrorRepositoryOptions } from './repositories/repository-options';

export type { MirrorDeployOptions } from './deploy/deploy-options';
export { OnDeploy } from './deploy/deploy-trigger';

export { ImageCatalog } from './catalog/image-catalog';
export { MirroredCatalog, type MirroredCatalogProps } from './catalog/mirrored-catalog';
export type { MirroredCatalogOptions } from './catalog/mirrored-catalog-options';

export { MirrorAlarm, type MirrorNotifyOptions } from './observe/alarm-options';
export { MirrorDashboard, type MirrorDashboardProps } from './observe/mirror-dashboard';
export { MonitoredConstruct } from './observe/monitored-construct';
export { type OnScanFindingsOptions, ScanSeverity } from './observe/scan-findings';

export { CacheCredentials, type CacheCredentialsOptions } from './cache/cache-credentials';
export { CreationTemplate, type CreationTemplateOptions } from './cache/creation-template';
export { PullThroughCache, type PullThroughCacheProps } from './cache/pull-through-cache';
export { UpstreamRegistry } from './cache/upstream-registry';

export { RegistryScanning, type RegistryScanningProps, RegistryScanType } from './admission/registry-scanning';
export { MirrorReplicaTemplate, type MirrorReplicaTemplateProps } from './replication/replica-template';
export { MirrorReplication, type MirrorReplicationProps } from './replication/mirror-replication';
export { MirrorReplicationDestination, type MirrorReplicationDestinationProps } from './replication/replication-destination';
export type { ReplicationDestination, ReplicationRule } from './replication/replication-rules';
