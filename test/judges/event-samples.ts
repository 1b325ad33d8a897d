/** Events for which patterns are judged: those that the engine puts, those of image scans, and each of them with a change. */
import { deliveredEvent } from '../support/delivered-event';
import { DeliveredEvent } from '../support/event-pattern';
import { Fault } from '../support/fault';
import { singleImage } from '../support/fixture-images';
import { LocalAccount, UPSTREAM } from '../support/local-account';

/** The events of a project that copies images, finds them unchanged, finds a tag that moved, and fails. */
export async function engineEvents(buildArn: string): Promise<DeliveredEvent[]> {
  const [floating, fixed, filtered] = [`${UPSTREAM}/team/app:stable`, `${UPSTREAM}/team/app:1.0.0`, `${UPSTREAM}/team/tool`];
  const account = await LocalAccount.open([`mirror/${UPSTREAM}/team/app`, `mirror/${UPSTREAM}/team/tool`]);
  try {
    for (const tag of ['stable', '1.0.0']) account.upstream.push('team/app', tag, singleImage({ seed: tag }));
    account.upstream.push('team/tool', 'v1', singleImage({ seed: 'v1' }));
    const run = () => account.run({
      MIRROR_EVENT_BUS: 'default',
      CODEBUILD_BUILD_ARN: buildArn,
      IMAGES: JSON.stringify([{ IMAGE: floating }, { IMAGE: fixed }, { IMAGE: filtered, TAGS: '{"pattern":"v*"}' }]),
    });
    await run();
    account.upstream.push('team/app', '1.0.0', singleImage({ seed: 'moved' }));
    await run();
    account.upstream.fail({ action: Fault.status(403), times: 1000 });
    await run();
    return account.events.events.map(deliveredEvent);
  } finally {
    await account.close();
  }
}

/** The same event, of another image. */
export function ofImage(event: DeliveredEvent, source: string, repository: string): DeliveredEvent {
  return { ...event, detail: { ...event.detail, source, repository } };
}

/** Results of scans of a repository by Amazon ECR and Amazon Inspector, as their documentation shows them. */
export function scanEvents(repositoryArn: string, tag: string = 'stable'): DeliveredEvent[] {
  const digest = `sha256:${'7f5b2640'.repeat(8)}`;
  const repositoryName = repositoryArn.split(':repository/')[1];
  const event = (source: string, detailType: string, resource: string, detail: Record<string, unknown>): DeliveredEvent => ({
    'version': '0',
    'id': '85fc3613-e913-7fc4-a80c-a3753e4aa9ae',
    source,
    'detail-type': detailType,
    'account': repositoryArn.split(':')[4],
    'time': '2026-11-22T02:36:48Z',
    'region': repositoryArn.split(':')[3],
    'resources': [resource],
    detail,
  });
  const common = { 'image-digest': digest, 'image-tags': [tag] };
  return [{ CRITICAL: 1 }, { CRITICAL: 0, HIGH: 2 }, { LOW: 9 }, {}].flatMap((counts) => [
    event('aws.ecr', 'ECR Image Scan', repositoryArn, { ...common, 'scan-status': 'COMPLETE', 'repository-name': repositoryName, 'finding-severity-counts': counts }),
    event('aws.inspector2', 'Inspector2 Scan', repositoryArn, { ...common, 'scan-status': 'INITIAL_SCAN_COMPLETE', 'repository-name': repositoryArn, 'finding-severity-counts': counts }),
  ]).concat(['CRITICAL', 'HIGH', 'LOW'].map((severity) => event('aws.inspector2', 'Inspector2 Finding', `${repositoryArn}/${digest}`, { severity, status: 'ACTIVE' })));
}

/** The event with one change: each field away, in a list, null, or of another value. */
export function changesOf(event: object): object[] {
  return pathsOf(event).flatMap((path) => [
    without(event, path),
    ...[null, [], 'other', 7, true].map((value) => changed(event, path, () => value)),
    changed(event, path, (value) => [value, 'other']),
    changed(event, path, (value) => typeof value === 'string' ? `${value}:other` : value),
    changed(event, path, (value) => typeof value === 'string' ? value.slice(0, -1) : value),
    changed(event, path, (value) => typeof value === 'string' ? value.toUpperCase() : value),
  ]);
}

type Path = readonly string[];

function pathsOf(value: unknown, path: Path = []): Path[] {
  const own = path.length > 0 ? [path] : [];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return own;
  return [...own, ...Object.entries(value).flatMap(([name, child]) => pathsOf(child, [...path, name]))];
}

function changed(event: object, [name, ...rest]: Path, change: (value: unknown) => unknown): object {
  const value = (event as Record<string, unknown>)[name];
  return { ...event, [name]: rest.length === 0 ? change(value) : changed(value as object, rest, change) };
}

function without(event: object, path: Path): object {
  return JSON.parse(JSON.stringify(changed(event, path, () => undefined)));
}
