import { FixtureManifest } from './fixture-images';

/** Whether Amazon ECR was seen to refuse such a manifest, and was seen to take it too. */
export function isRefusedByStrict({ bytes }: FixtureManifest): boolean {
  const { artifactType, config, subject }: ManifestTypes = JSON.parse(bytes.toString());
  const isArtifact = artifactType !== undefined && subject !== undefined && config?.mediaType === 'application/vnd.oci.empty.v1+json';
  return isArtifact || config?.annotations !== undefined;
}

/** The types that a manifest gives to itself and to what it lists. */
export function typesOf({ bytes }: FixtureManifest): string[] {
  const { artifactType, config, layers }: ManifestTypes = JSON.parse(bytes.toString());
  return [artifactType, config?.mediaType, ...(layers ?? []).map(({ mediaType }) => mediaType)].filter((type): type is string => typeof type === 'string');
}

interface ManifestTypes {
  readonly artifactType?: string;
  readonly config?: { readonly mediaType?: string; readonly annotations?: unknown };
  readonly subject?: unknown;
  readonly layers?: readonly { readonly mediaType?: string }[];
}
