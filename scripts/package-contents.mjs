/**
 * Checks what `npm pack` puts into the package: what users need, and nothing else.
 * Usage: node scripts/package-contents.mjs [--built]; with --built, the compiled constructs must be there.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What each file of the package is for. */
const ALLOWED = [
  /^package\.json$|^\.jsii(\.gz|\.tabl\.json)?$|^lib\/.*\.(js|d\.ts)$/, // the constructs, and what jsii and Construct Hub read: types, and translated examples
  /^assets\/(\w[\w-]*\/)+[\w-]+\.js$/, // what runs in CodeBuild, in Lambda, at synthesis, and on the command line
  /^assets\/(\w[\w-]*\/)+THIRD-PARTY-LICENSES\.txt$|^assets\/sbom\.cdx\.json$|^LICENSE$|^NOTICE$/,
  /^schemas\/[\w-]+\.schema\.json$/, // for editors and for receivers of events
  /^README\.md$/,
];
/** Sources of the bundles are in assets/ already. */
const FORBIDDEN = [/^lib\/(cli|codebuild|engine|handlers)\//, /\.test\.|\.map$|\.ts$(?<!\.d\.ts)/];

const REQUIRED = ['LICENSE', 'NOTICE', 'README.md', 'assets/cli/cdk-ecr-mirror.js', 'assets/engine/mirror.js', 'assets/sbom.cdx.json', 'package.json'];
if (process.argv.includes('--built')) REQUIRED.push('lib/index.js', 'lib/index.d.ts', '.jsii');

const output = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root, encoding: 'utf8', shell: process.platform === 'win32' });
const [{ files, unpackedSize }] = JSON.parse(output);
const paths = files.map((file) => file.path);
const unexpected = paths.filter((path) => !ALLOWED.some((pattern) => pattern.test(path)) || FORBIDDEN.some((pattern) => pattern.test(path)));
const missing = REQUIRED.filter((path) => !paths.includes(path));

for (const path of unexpected) console.error(`${path} is in the package, and no user needs it; exclude it in .projenrc.ts`);
for (const path of missing) console.error(`${path} is not in the package; build it, or include it in .projenrc.ts`);
console.log(`${paths.length} files, ${(unpackedSize / 1e6).toFixed(1)} MB unpacked`);
process.exitCode = unexpected.length + missing.length > 0 ? 1 : 0;
