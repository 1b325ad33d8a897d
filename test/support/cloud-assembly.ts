import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, delimiter, dirname, join } from 'node:path';
import { Deployment, TemplateJson, TemplateResolver } from './template-resolver';

/** What `cdk synth` wrote: templates, and the files that a deployment would upload. */
export class CloudAssembly {
  /** @param folder where it is, usually `cdk.out` */
  constructor(private readonly folder: string) {}

  /** The names of its stacks. */
  async stacks(): Promise<string[]> {
    const files = await readdir(this.folder);
    return files.filter((file) => file.endsWith('.template.json')).map((file) => basename(file, '.template.json'));
  }

  /** The template of a stack, as it would be deployed there. */
  async template(stack: string, deployment: Deployment): Promise<TemplateResolver> {
    const template: TemplateJson = JSON.parse(await readFile(join(this.folder, `${stack}.template.json`), 'utf8'));
    return new TemplateResolver(template, deployment);
  }

  /**
   * The folder that an asset in S3 was made from.
   *
   * @param location `<bucket>/<key>`
   * @throws Error when no stack would upload a folder to it
   */
  async assetFolder(location: string, deployment: Deployment): Promise<string> {
    const asset = (await this.assets(deployment)).find(({ isFolder, uploadedTo }) => isFolder && uploadedTo.includes(location));
    if (asset === undefined) throw new Error(`no stack of ${JSON.stringify(this.folder)} uploads a folder to ${JSON.stringify(location)}`);
    return asset.path;
  }

  /** The files that would be uploaded as they are, by `<bucket>/<key>`. */
  async assetFiles(deployment: Deployment): Promise<Map<string, Buffer>> {
    const files = (await this.assets(deployment)).filter(({ isFolder }) => !isFolder);
    return new Map(await Promise.all(files.map(async ({ path, uploadedTo: [location] }) => [location, await readFile(path)] as const)));
  }

  private async assets(deployment: Deployment): Promise<{ path: string; isFolder: boolean; uploadedTo: string[] }[]> {
    const resolver = new TemplateResolver({}, deployment);
    const manifests = await Promise.all((await this.stacks()).map((stack) => readFile(join(this.folder, `${stack}.assets.json`), 'utf8')));
    const files = manifests.flatMap((text) => Object.values((JSON.parse(text) as AssetManifest).files));
    return files.map(({ source, destinations }) => ({
      path: join(this.folder, source.path),
      isFolder: source.packaging === 'zip',
      uploadedTo: Object.values(destinations).map(({ bucketName, objectKey }) => String(resolver.resolve({ 'Fn::Sub': `${bucketName}/${objectKey}` }))),
    })).filter(({ path }) => existsSync(path));
  }
}

interface AssetManifest {
  readonly files: Record<string, {
    readonly source: { readonly path: string; readonly packaging: string };
    readonly destinations: Record<string, { readonly bucketName: string; readonly objectKey: string }>;
  }>;
}

/**
 * Runs a CDK app as `cdk synth` does: the `app` command of its `cdk.json`, in its folder.
 *
 * @throws Error with what the app wrote, when it fails
 */
export async function synthesize(appFolder: string, outputFolder: string): Promise<CloudAssembly> {
  const { app }: { app: string } = JSON.parse(await readFile(join(appFolder, 'cdk.json'), 'utf8'));
  const path = `${dirname(process.execPath)}${delimiter}${process.env.PATH}`;
  const child = spawn(app, { cwd: appFolder, shell: true, env: { ...process.env, PATH: path, CDK_OUTDIR: outputFolder }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => { output += chunk; });
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (code !== 0) throw new Error(`the app in ${JSON.stringify(appFolder)} failed:\n${output}`);
  return new CloudAssembly(outputFolder);
}
