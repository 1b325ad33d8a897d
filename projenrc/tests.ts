/** How tests run, here and in workflows. */
import { awscdk } from 'projen';
import { JobPermission } from 'projen/lib/github/workflows-model';

/** The real registries and tools that tests need. */
export const INSTALL_TEST_TOOLS = {
  name: 'Install the real registries and tools that the tests need',
  run: 'sudo apt-get update && sudo apt-get install -y buildah default-jdk-headless docker-registry maven python3-venv skopeo umoci '
    + '&& node test/tools/install.mjs crane distribution event-ruler olareg oras python-judges reference regctl zot',
};

/** Sets how jest and the type check run. */
export function configureTests(project: awscdk.AwsCdkConstructLibrary): void {
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
  const folders = ['src', 'examples', 'bench', 'scripts', 'projenrc', 'verify'];
  for (const include of [...folders.map((folder) => `${folder}/**/*.ts`), '.projenrc.ts']) project.tsconfigDev.addInclude(include);
}

/** All random cases, and all tests of the programs on each version of Node, once a week. */
export function addWeeklyTests(project: awscdk.AwsCdkConstructLibrary): void {
  const randomTests = project.github!.addWorkflow('random-tests');
  randomTests.on({ schedule: [{ cron: '0 3 * * 0' }], workflowDispatch: {} });
  randomTests.addJob('test', {
    runsOn: ['ubuntu-latest'],
    permissions: { contents: JobPermission.READ },
    env: { CI: 'true', RANDOM_CASES: 'full' },
    steps: [
      { name: 'Checkout', uses: 'actions/checkout@v5' },
      ...project.renderWorkflowSetup({ mutable: false }),
      INSTALL_TEST_TOOLS,
      { name: 'Test', run: 'npm test' },
      { name: 'Test the programs on the other versions of Node', run: 'node scripts/node-versions.mjs --except 20.18.1' },
    ],
  });
}
