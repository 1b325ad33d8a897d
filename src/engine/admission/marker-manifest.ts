import { Marker, markerTag, QuarantinedImage } from '../../image/admission/quarantine';
import { OCI_MANIFEST } from '../../image/media-types';
import { parseJson } from '../../image/parse-json';
import { CopyContext, lookUp } from '../copy/copy-context';
import { putManifest } from '../copy/image-copy';
import { ANNOTATION_PREFIX } from '../copy/platforms';
import { digestOf } from '../digest';
import { MirrorError } from '../mirror-error';
import type { ReceivedManifest } from '../registry/registry-client';
import { withRetries } from '../registry/retry';

/**
 * The manifest of a marker: a valid image without a program, because registries store images only.
 *
 * Its annotations have the values that its tag has as hashes. They make the bytes of each marker unique: identical manifests would share one digest,
 * one push time, and the 1,000 tags that Amazon ECR allows on an image.
 */

/** A marker with the values that its tag has as hashes. */
export interface MarkerContent {
  readonly marker: Marker;
  readonly image: QuarantinedImage;
  /** The tag of the image in the mirror. */
  readonly tag: string;
  /** The facts of a decision: who, why, and the lock at that time. */
  readonly facts?: Readonly<Record<string, string>>;
}

/** The client of the repository with the markers, and the limits of its requests. */
export type MarkerContext = Pick<CopyContext, 'lookups' | 'pace' | 'retryContext' | 'target'>;

const CONFIG_TYPE = 'application/vnd.oci.image.config.v1+json';

/**
 * The only blob of all markers: their configuration, and their only layer. It is not known whether Amazon ECR accepts an image without layers, and it
 * does not store empty blobs.
 */
const BLOB = Buffer.from(JSON.stringify({ architecture: 'unknown', os: 'unknown', config: {}, rootfs: { type: 'layers', diff_ids: [] } }), 'utf8');

const BLOB_DESCRIPTOR = { mediaType: CONFIG_TYPE, digest: digestOf(BLOB), size: BLOB.length };

/** The manifest of a marker. The same marker always has the same bytes. */
export function markerManifest({ facts = {}, image, marker, tag }: MarkerContent): ReceivedManifest {
  const { digest, kind, seconds } = marker;
  const own = { kind, image: image.source, repository: image.repository, tag, digest, time: new Date(seconds * 1000).toISOString() };
  const annotations = Object.fromEntries(Object.entries({ ...facts, ...own }).map(([name, value]) => [`${ANNOTATION_PREFIX}${name}`, value]));
  const manifest = { schemaVersion: 2, mediaType: OCI_MANIFEST, config: BLOB_DESCRIPTOR, layers: [BLOB_DESCRIPTOR], annotations };
  return { bytes: Buffer.from(JSON.stringify(manifest), 'utf8'), mediaType: OCI_MANIFEST };
}

/**
 * Puts a marker. An identical marker with this tag is the same as a new one: another run, or an attempt without a response, has put it.
 *
 * @throws MirrorError when the marker can't be put
 */
export async function putMarker(context: MarkerContext, content: MarkerContent): Promise<void> {
  const { target } = context;
  const manifest = markerManifest(content);
  const digest = digestOf(manifest.bytes);
  const tag = markerTag(content.marker);
  await uploadBlob(context);
  try {
    await putManifest(context, { ...manifest, digest }, tag);
  } catch (error) {
    // Amazon ECR rejects a push to an immutable tag, even of the identical image.
    const isTaken = error instanceof MirrorError && error.reason === 'immutable-tag';
    if (!isTaken || await lookUp(context, target, () => target.manifestDigest(tag)) !== digest) throw error;
  }
}

async function uploadBlob({ lookups, pace, retryContext, target }: MarkerContext): Promise<void> {
  await withRetries(retryContext, async () => {
    if (await lookups.run(() => target.hasBlob(BLOB_DESCRIPTOR.digest), target.endpoint.registry)) return;
    const upload = await pace.run('upload', retryContext.signal, () => target.startUpload());
    if (upload === 'mounted') return;
    await target.finishUpload(upload, BLOB_DESCRIPTOR.digest, BLOB.length, bytes());
  });
}

async function* bytes(): AsyncGenerator<Uint8Array> {
  yield BLOB;
}

/** The annotations of a marker without their prefix. The manifest can come from any principal that may push, so a value can be anything. */
export function markerAnnotations({ bytes: text }: ReceivedManifest): Readonly<Record<string, unknown>> {
  const { annotations } = Object(parseJson(text.toString('utf8'))) as { readonly annotations?: unknown };
  const own = Object.entries(Object(annotations) as object).filter(([name]) => name.startsWith(ANNOTATION_PREFIX));
  return Object.fromEntries(own.map(([name, value]) => [name.slice(ANNOTATION_PREFIX.length), value]));
}
