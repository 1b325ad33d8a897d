import { IConstruct } from 'constructs';

/** The type of the metadata that keeps why a construct is excluded; the cloud assembly has it too. */
const EXCLUDED = 'cdk-ecr-mirror:MirroredImagesAspect.excluded';

/** Marks a construct, and everything in it, as one whose images stay as they are. */
export function exclude(construct: IConstruct, reason: string): void {
  construct.node.addMetadata(EXCLUDED, reason);
}

export function isExcluded(construct: IConstruct): boolean {
  return construct.node.scopes.some(({ node }) => node.metadata.some(({ type }) => type === EXCLUDED));
}
