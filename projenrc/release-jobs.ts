/** The jobs of the release workflow: one that packages for each language, and one that publishes what it made. */
import type { Job, Step, Workflow } from './workflows';

/** What each job that publishes needs in addition to Node. */
const PUBLISHING_TOOLS: Record<string, string[]> = { maven: ['setup-java'], pypi: ['setup-python'], nuget: ['setup-dotnet', 'setup-python'] };
/** Trusted publishing needs npm 11.5.1, which is in Node 24. */
const NODE_OF_PUBLISHER = '24.x';
/** The version that projenrc/publisher/constraints.txt is for. */
const PYTHON_OF_PUBLISHER = '3.11';
const PUBLISHER_FOLDER = 'projenrc/publisher';

const isSetup = (step: Step) => step.uses?.startsWith('actions/setup-') ?? false;

function setupOf(job: Job, tool: string): Step {
  if (tool === 'setup-node') return { uses: 'actions/setup-node', with: { 'node-version': NODE_OF_PUBLISHER, 'package-manager-cache': false } };
  if (tool === 'setup-python') return { uses: 'actions/setup-python', with: { 'python-version': PYTHON_OF_PUBLISHER } };
  return job.steps.find((step) => step.uses?.startsWith(`actions/${tool}@`))!;
}

/** The job that runs the project's tools: it has no secrets, and no identity that a registry trusts. */
function packagingJob(job: Job, target: string): Job {
  return {
    'name': job.name!.replace('Publish to', 'Package for'),
    'needs': 'release',
    'runs-on': job['runs-on'],
    'permissions': { contents: 'read' },
    'if': job.if,
    'outputs': { artifact_id: '${{ steps.upload_package.outputs.artifact-id }}' },
    'steps': [
      ...job.steps.filter((step) => step.id !== 'release' && step.id !== 'setup_github_deploy_key'),
      { id: 'upload_package', name: 'Upload package', uses: 'actions/upload-artifact', with: { name: `package-${target}`, path: 'dist' } },
    ],
  };
}

/** The job that publishes: it runs the publisher of the lock file and nothing else of the project. */
function publishingJob(job: Job, target: string): Job {
  const tools = ['setup-node', ...PUBLISHING_TOOLS[target] ?? []].map((tool) => setupOf(job, tool));
  const deployKey = job.steps.filter((step) => step.id === 'setup_github_deploy_key');
  const { run, ...release } = job.steps.find((step) => step.id === 'release')!;
  const publisher = run!.match(/publib-\w+/)![0];
  delete release.env?.NPM_REGISTRY; // npm's default
  delete release.env?.MAVEN_STAGING_PROFILE_ID; // only the old OSSRH needed it
  return {
    ...job,
    needs: ['release', `package_${target}`],
    steps: [
      ...tools,
      { name: 'Checkout the publisher', uses: 'actions/checkout', with: { 'path': '.publisher', 'sparse-checkout': PUBLISHER_FOLDER } },
      { name: 'Install the publisher', run: `npm ci --ignore-scripts --prefix .publisher/${PUBLISHER_FOLDER}` },
      {
        name: 'Download package',
        uses: 'actions/download-artifact',
        with: { 'artifact-ids': `\${{ needs.package_${target}.outputs.artifact_id }}`, 'path': 'dist' },
      },
      ...deployKey,
      {
        ...release,
        env: { ...release.env, ...(target === 'pypi' || target === 'nuget' ? { PIP_CONSTRAINT: constraints() } : {}) },
        run: `.publisher/${PUBLISHER_FOLDER}/node_modules/.bin/${publisher}`,
      },
    ],
  };
}

/** publib installs Python tools with pip, which reads the versions from this file. */
const constraints = () => `\${{ github.workspace }}/.publisher/${PUBLISHER_FOLDER}/constraints.txt`;

/** Signed statements of which workflow made which file, for all languages; `gh attestation verify` checks them. */
function provenanceJob(release: Job, targets: string[], condition?: string): Job {
  return {
    'name': 'Attest provenance',
    'needs': ['release', ...targets.map((target) => `package_${target}`)],
    'runs-on': release['runs-on'],
    'permissions': { 'id-token': 'write', 'attestations': 'write' },
    'environment': 'release',
    'if': `${condition} && !inputs.dry_run`,
    'steps': [
      { name: 'Download packages', uses: 'actions/download-artifact', with: { 'pattern': 'package-*', 'path': 'dist', 'merge-multiple': true } },
      {
        name: 'Attest',
        uses: 'actions/attest-build-provenance',
        with: { 'subject-path': ['js/*.tgz', 'python/*', 'java/**/*.jar', 'dotnet/*.nupkg'].map((path) => `dist/${path}`).join('\n') },
      },
    ],
  };
}

/** Proposes the new section of CHANGELOG.md as a pull request, as nothing is pushed to the main branch directly. */
function changelogJob(release: Job, condition?: string): Job {
  return {
    'name': 'Propose the new section of CHANGELOG.md',
    'needs': ['release', 'release_github'],
    'runs-on': release['runs-on'],
    'permissions': { 'contents': 'write', 'pull-requests': 'write' },
    'environment': 'release',
    'if': `${condition} && !inputs.dry_run`,
    'steps': [
      { name: 'Checkout', uses: 'actions/checkout' },
      {
        name: 'Download build artifacts',
        uses: 'actions/download-artifact',
        with: { 'artifact-ids': '${{ needs.release.outputs.artifact_id }}', 'path': 'dist' },
      },
      {
        name: 'Open the pull request',
        env: { GH_TOKEN: '${{ github.token }}' },
        run: [
          'tag=$(cat dist/releasetag.txt)',
          'node scripts/changelog.mjs dist/changelog.md',
          'git switch --create "changelog-$tag"',
          'git -c user.name="github-actions[bot]" -c user.email="41898282+github-actions[bot]@users.noreply.github.com" '
          + 'commit --message "docs: the changes of $tag" CHANGELOG.md',
          'git push "https://x-access-token:$GH_TOKEN@github.com/$GITHUB_REPOSITORY.git" "changelog-$tag"',
          'gh pr create --base main --head "changelog-$tag" --title "docs: the changes of $tag" --body "Written by the release of $tag."',
        ].join('\n'),
      },
    ],
  };
}

/** Divides each of projen's publishing jobs in two, so that no tool of the project runs where a registry trusts the job. */
export function separatePackaging(workflow: Workflow): void {
  const { release, release_github: github, ...publishing } = workflow.jobs;
  release.permissions = { contents: 'read' };
  release.if = 'github.ref == \'refs/heads/main\''; // whatever branch it is started on
  const targets = Object.keys(publishing).map((name) => name.replace('release_', ''));
  const pairs = targets.flatMap((target) => {
    const job = publishing[`release_${target}`];
    return [[`package_${target}`, packagingJob(job, target)], [`release_${target}`, publishingJob(job, target)]];
  });
  workflow.jobs = {
    release,
    ...Object.fromEntries(pairs),
    provenance: provenanceJob(release, targets, github.if),
    release_github: { ...github, steps: github.steps.filter((step) => !isSetup(step)) },
    changelog: changelogJob(release, github.if),
  };
}
